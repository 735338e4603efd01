"""The page: charts of any study in a browser, for people with an account (extra ``web``). Begin with `hub`."""
