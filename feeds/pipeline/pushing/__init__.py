"""News that nobody has to ask for (WebSub): as a publisher, as a hub, as a subscriber.

What our feeds show is announced to somebody else's hub (`announcing`), or to the subscribers of our own: `hub` takes
them in, `delivering` serves them. `subscribing` asks the hubs that sources name to tell us, and `receiving` takes what
they send into the `inbox`, from where it goes the way of all that is fetched. What is to be done stands in the store.
A `daemon` does all of it, a command only tells a hub (`pinging`).
"""
