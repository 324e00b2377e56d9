"""The ground the tests stand on: databases, a browser, closed doors to the network."""
