"""Access to Kafka: the only package that imports confluent_kafka. Begin with `subscriber`."""
