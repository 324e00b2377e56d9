"""Other people's servers, made by us where none can be had: strict, and used by the tests as the real ones would be."""
