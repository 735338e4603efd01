"""The tables in AWS: the Glue catalog, Athena, their rights and their cost. Needs the extra ``aws``.

Begin with `catalog`.
"""
