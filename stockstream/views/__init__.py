"""What a consumer keeps of a stream, without any drawing."""
