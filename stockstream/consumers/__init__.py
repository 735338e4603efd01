"""One small file a consumer: which topic, which fold, which marks."""
