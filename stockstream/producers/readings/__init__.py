"""Streams of readings: numbers at instants from pipes, files, web services and MQTT; begin with `reading`."""
