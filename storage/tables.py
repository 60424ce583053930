"""The tables. Rows stay in this package; everyone else sees records."""

from __future__ import annotations

from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Connection,
    Date,
    Float,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
    UniqueConstraint,
    event,
    false,
    text,
)

from storage.types import PlainText, RowId, UTCDateTime

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)


@event.listens_for(metadata, "before_create")
def _take_conditions(_metadata: MetaData, db: Connection, **_how: Any) -> None:
    """Complete the partial indexes where tables are made in PostgreSQL."""
    # Named as an argument of the index, its condition would have the whole dialect imported with this module, and every
    # command wait for it.
    if db.dialect.name == "postgresql":
        for index in (index for table in metadata.tables.values() for index in table.indexes):
            index.dialect_kwargs.update(index.info)


sources = Table(
    "sources",
    metadata,
    Column("id", RowId, primary_key=True),
    Column("name", PlainText, nullable=False, unique=True),
    Column("location_digest", PlainText, nullable=False),  # validators of one address say nothing about another
    Column("shelving_digest", PlainText),  # the rules its articles' categories were made by; NULL: on no shelf
    Column("etag", PlainText, nullable=False, server_default=""),
    Column("last_modified", PlainText, nullable=False, server_default=""),
    Column("body_digest", PlainText, nullable=False, server_default=""),
    Column("standing", Text, nullable=False, server_default="active"),
    Column("rhythm", Text, nullable=False, server_default="{}"),  # JSON of the record
    Column("site_url", PlainText, nullable=False, server_default=""),
    Column("failures", Integer, nullable=False, server_default="0"),
    Column("problem", PlainText, nullable=False, server_default=""),
    Column("slowed", Integer, nullable=False, server_default="0"),
    Column("slowed_at", UTCDateTime),
    Column("moved_to", Text, nullable=False, server_default=""),
    Column("moved_since", UTCDateTime),
    Column("move_is_proven", Boolean, nullable=False, server_default=false()),
    Column("attempts", Integer, nullable=False, server_default="0"),
    Column("dating", Text, nullable=False, server_default="{}"),  # JSON of the record
    Column("last_fetch_at", UTCDateTime),
    Column("last_success_at", UTCDateTime),
    Column("last_new_at", UTCDateTime),
    Column("next_fetch_at", UTCDateTime),
    Column("claimed_by", PlainText),
    Column("claimed_until", UTCDateTime),
    Index(None, "next_fetch_at"),
)

leases = Table(  # on what only one process may be: the daemon
    "leases",
    metadata,
    Column("name", Text, primary_key=True),
    Column("held_by", PlainText, nullable=False),
    Column("since", UTCDateTime, nullable=False),
    Column("renewed_at", UTCDateTime, nullable=False),
    Column("until", UTCDateTime, nullable=False),
)

hosts = Table(  # that told one of their sources that we ask too often
    "hosts",
    metadata,
    Column("host", Text, primary_key=True),
    Column("strikes", Integer, nullable=False),
    Column("until", UTCDateTime, nullable=False),
)

listed = Table(  # what a source that is a list of sources names, as it said last
    "listed",
    metadata,
    Column("source_id", ForeignKey("sources.id", ondelete="CASCADE"), primary_key=True),
    Column("url", PlainText, primary_key=True),
    Column("name", PlainText, nullable=False, server_default=""),  # of the source; "" until it has one
    Column("title", PlainText, nullable=False),
    Column("categories", PlainText, nullable=False),  # JSON
)

files = Table(
    "files",
    metadata,
    Column("source_id", ForeignKey("sources.id", ondelete="CASCADE"), primary_key=True),
    Column("path", PlainText, primary_key=True),
    Column("stamp", PlainText, nullable=False),
)

articles = Table(
    "articles",
    metadata,
    Column("id", RowId, primary_key=True),
    Column("source_id", ForeignKey("sources.id"), nullable=False),
    Column("guid", PlainText, nullable=False),
    Column("atom_id", PlainText, nullable=False, index=True),
    Column("url", PlainText, nullable=False),
    Column("title", PlainText, nullable=False),
    Column("summary_html", PlainText, nullable=False),
    Column("content_html", PlainText, nullable=False),
    Column("authors", PlainText, nullable=False),  # this and the following: JSON of the records
    Column("tags", PlainText, nullable=False),
    Column("own_categories", PlainText, nullable=False),
    Column("links", PlainText, nullable=False),
    Column("enclosures", PlainText, nullable=False),
    Column("extensions", PlainText, nullable=False, server_default="[]"),
    Column("origin", PlainText, nullable=False),
    Column("published", UTCDateTime, nullable=False),
    Column("updated", UTCDateTime, nullable=False),
    Column("date_from", PlainText, nullable=False),
    Column("language", PlainText, nullable=False),
    Column("image", PlainText, nullable=False),
    Column("rights", PlainText, nullable=False),
    Column("fingerprint", PlainText, nullable=False),
    Column("raw_digest", PlainText, nullable=False),
    Column("path", PlainText, nullable=False, server_default=""),
    Column("first_seen_at", UTCDateTime, nullable=False),
    Column("revised_at", UTCDateTime),
    Column("link_key", BigInteger, nullable=False, server_default="0"),  # of its address, to compare; 0: it has none
    Column("title_key", BigInteger, nullable=False, server_default="0"),  # of its title; 0: that says too little
    # On no shelf: by the flood guard, until it is released; or, where `published` is later, until then.
    Column("held_at", UTCDateTime),
    Column("document_id", RowId),  # the kept document it was last made of, which may be gone; NULL: that was not kept
    Column("decoded", PlainText, nullable=False, server_default=""),  # how that one's text was decoded, in words
    Column("date_note", PlainText, nullable=False, server_default=""),  # why `published` is not what the source says
    UniqueConstraint("source_id", "guid"),
    Index(None, "source_id", "published"),
    Index(
        "ix_articles_link_key",
        "link_key",
        sqlite_where=text("link_key <> 0"),
        info={"postgresql_where": text("link_key <> 0")},
    ),
    Index(
        "ix_articles_title_key",
        "title_key",
        sqlite_where=text("title_key <> 0"),
        info={"postgresql_where": text("title_key <> 0")},
    ),
    Index(
        "ix_articles_held",
        "source_id",
        "held_at",
        sqlite_where=text("held_at IS NOT NULL"),
        info={"postgresql_where": text("held_at IS NOT NULL")},
    ),
)

aliases = Table(  # other guids under which a source's entry came back: it is the same article
    "aliases",
    metadata,
    Column("source_id", ForeignKey("sources.id", ondelete="CASCADE"), primary_key=True),
    Column("guid", PlainText, primary_key=True),
    Column("article_id", ForeignKey("articles.id", ondelete="CASCADE"), nullable=False, index=True),
    Column("reason", PlainText, nullable=False),  # what told that it is the same, in words
    Column("since", UTCDateTime, nullable=False),
)

bands = Table(  # keys that texts which are much alike have in common: by them the copies of an article are found
    "bands",
    metadata,
    Column("band", BigInteger, primary_key=True, autoincrement=False),
    Column("article_id", ForeignKey("articles.id", ondelete="CASCADE"), primary_key=True, index=True),
    sqlite_with_rowid=False,  # there are many, and each would be there twice
)

recent_bands = Table(  # the same of the latest articles, until it is their turn to be put among the others
    "recent_bands",
    metadata,
    Column("band", BigInteger, primary_key=True, autoincrement=False),
    Column("article_id", ForeignKey("articles.id", ondelete="CASCADE"), primary_key=True, index=True),
    sqlite_with_rowid=False,
)

covered = Table(  # articles that a shelf does not show, because another one there tells the same story
    "covered",
    metadata,
    Column("category_id", ForeignKey("categories.id"), primary_key=True),
    Column("article_id", ForeignKey("articles.id", ondelete="CASCADE"), primary_key=True, index=True),
    Column("by_article_id", ForeignKey("articles.id", ondelete="CASCADE"), nullable=False, index=True),
    Column("reason", PlainText, nullable=False),  # what told that it is the same story, in words
)

revisions = Table(  # what an article said before it was revised, the latest few of each
    "revisions",
    metadata,
    Column("article_id", ForeignKey("articles.id", ondelete="CASCADE"), primary_key=True),
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("until", UTCDateTime, nullable=False),  # when it was replaced
    Column("title", PlainText, nullable=False),
    Column("url", PlainText, nullable=False),
    Column("summary_html", PlainText, nullable=False),
    Column("content_html", PlainText, nullable=False),
)

documents = Table(  # as sources sent them, the latest few of each
    "documents",
    metadata,
    Column("id", RowId, primary_key=True),
    Column("source_id", ForeignKey("sources.id", ondelete="CASCADE"), nullable=False),
    Column("fetched_at", UTCDateTime, nullable=False),
    Column("about", PlainText, nullable=False),  # JSON: what its carrier said, and what the flood guard went by
    Column("content", LargeBinary, nullable=False),  # compressed
    Index(None, "source_id", "id"),
    sqlite_autoincrement=True,  # a number is never given again: articles name their document after it is gone
)

tombstones = Table(  # of articles that were stored and are gone: an entry that a source still lists stays away
    "tombstones",
    metadata,
    Column("source_id", ForeignKey("sources.id"), primary_key=True),
    Column("guid", PlainText, primary_key=True),
    Column("atom_id", PlainText, nullable=False, index=True),
    Column("url", PlainText, nullable=False),
    Column("title", PlainText, nullable=False),  # with url and path it tells the entry from others of the same guid
    Column("path", PlainText, nullable=False),
    Column("said", UTCDateTime),  # the date that its source gave it; NULL: none, or it went before that was noted
    Column("categories", PlainText, nullable=False),  # JSON: the names of those it stood in
    Column("reason", Text, nullable=False),  # "purged" by retention, or "withdrawn" by a person
    Column("deleted_at", UTCDateTime, nullable=False),
    Index(
        "ix_tombstones_withdrawn",
        "deleted_at",
        sqlite_where=text("reason = 'withdrawn'"),
        info={"postgresql_where": text("reason = 'withdrawn'")},
    ),
)

shelves = Table(  # of everything, of each category, and of each source
    "categories",  # which were the first to have one; another name would cost users a copy of their tables
    metadata,
    Column("id", RowId, primary_key=True),
    Column("name", PlainText, unique=True),  # NULL: everything, or a source's own shelf
    Column(
        "source_id", ForeignKey("sources.id"), unique=True, index=True
    ),  # whose shelf; NULL: a category's, everything
    Column("slug", PlainText, nullable=False, unique=True),  # its folder; "" for everything
    # A feed is written while `written` trails `touched`. The count moves with the articles, in one transaction, so
    # that a process killed between storing and publishing leaves the work to the next one.
    Column("touched", Integer, nullable=False, server_default="0"),
    Column("written", Integer, nullable=False, server_default="0"),
    # Of the settings its files were written with; and behind that what `storage.shelves` notes of private ones.
    Column("settings_digest", PlainText, nullable=False, server_default=""),
)

# Which articles stand on which shelf, in reading order: the newest of a category are found without a look at the rest.
shelved = Table(
    "shelves",
    metadata,
    Column("category_id", ForeignKey("categories.id"), primary_key=True),
    Column("article_id", ForeignKey("articles.id", ondelete="CASCADE"), primary_key=True),
    Column("published", UTCDateTime, nullable=False),  # the article's, copied for the index
    Column("archive", Integer),  # the number of the archive document that holds it; NULL: the subscription document
    Index("ix_shelves_reading_order", "category_id", text("published DESC"), "article_id"),
    Index(
        "ix_shelves_unarchived",
        "category_id",
        "published",
        text("article_id DESC"),
        sqlite_where=text("archive IS NULL"),
        info={"postgresql_where": text("archive IS NULL")},
    ),
    Index("ix_shelves_archive", "category_id", "archive"),
    Index(None, "article_id"),
)

archives = Table(  # RFC 5005, section 4: once written such a document does not change
    "archives",
    metadata,
    Column("category_id", ForeignKey("categories.id"), primary_key=True),
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("is_written", Boolean, nullable=False, server_default=false()),
    Column("touched", Integer, nullable=False, server_default="0"),  # how often it was to be written again
    Index(
        "ix_archives_unwritten",
        "category_id",
        "number",
        sqlite_where=text("is_written = 0"),
        info={"postgresql_where": text("NOT is_written")},
    ),
)

reports = Table(  # on the sources that need a person, as they were published
    "reports",
    metadata,
    Column("id", RowId, primary_key=True),
    Column("written_at", UTCDateTime, nullable=False),
    Column("title", PlainText, nullable=False),
    Column("content_html", PlainText, nullable=False),
)

journal = Table(  # what a source's refreshes of one day came to
    "journal",
    metadata,
    Column("source_id", ForeignKey("sources.id", ondelete="CASCADE"), primary_key=True),
    Column("day", Date, primary_key=True),  # in UTC
    Column("fetched", Integer, nullable=False),
    Column("unchanged", Integer, nullable=False),
    Column("failed", Integer, nullable=False),
    Column("new", Integer, nullable=False),  # articles
    Column("seconds", Float, nullable=False),  # that its answers took, all together
    Index(None, "day"),
)

loose_files = Table(  # published ones that stand on no shelf: the lists of sources and of feeds, the report
    "loose_files",
    metadata,
    Column("path", PlainText, primary_key=True),  # below the folder of what is published
    Column("made_of", Text, nullable=False),  # digest
    Column("modified", BigInteger, nullable=False),  # when the file was, in nanoseconds since 1970
)

subscribers = Table(  # of our own hub (WebSub, section 5): who is told of a topic, one of our feeds
    "subscribers",
    metadata,
    Column("id", RowId, primary_key=True),
    Column("topic", PlainText, nullable=False),
    Column("callback", PlainText, nullable=False),
    Column("secret", PlainText, nullable=False, server_default=""),  # deliveries are signed with; "": they are not
    Column("until", UTCDateTime, nullable=False),  # its lease
    Column("delivered", PlainText, nullable=False, server_default=""),  # digest of the document it has
    Column("failures", Integer, nullable=False, server_default="0"),  # deliveries in a row
    Column("next_attempt_at", UTCDateTime),  # NULL: nothing is to be delivered
    UniqueConstraint("topic", "callback"),
    Index(None, "next_attempt_at"),
)

announcements = Table(  # of topics that changed, to somebody else's hub, until it has heard
    "announcements",
    metadata,
    Column("topic", PlainText, primary_key=True),
    Column("failures", Integer, nullable=False, server_default="0"),
    Column("next_attempt_at", UTCDateTime, nullable=False, index=True),
)

subscriptions = Table(  # ours, at the hubs that sources name (WebSub, section 5)
    "subscriptions",
    metadata,
    Column("source_id", ForeignKey("sources.id", ondelete="CASCADE"), primary_key=True),
    Column("hub", PlainText, nullable=False),
    Column("topic", PlainText, nullable=False),
    Column("token", Text, nullable=False, unique=True),  # of the address that the hub delivers to
    Column("secret", Text, nullable=False),
    Column("standing", Text, nullable=False),  # wanted, asked, active, denied
    Column("until", UTCDateTime),  # the lease that the hub granted
    Column("last_push_at", UTCDateTime),
    Column("failures", Integer, nullable=False, server_default="0"),
    Column("next_attempt_at", UTCDateTime, index=True),  # to subscribe, or to renew the lease
)
