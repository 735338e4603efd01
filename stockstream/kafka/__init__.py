"""The only place that knows confluent_kafka."""
