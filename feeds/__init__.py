"""feedmill: any number of sources in, one clean feed per category out."""

__version__ = "0.1.0"
