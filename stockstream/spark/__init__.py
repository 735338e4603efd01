"""The topics on Apache Spark: Structured Streaming jobs over the same records and indicators. Needs the extra
``spark``.
"""
