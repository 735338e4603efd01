"""``stockstream spark``: a module for the jobs, and one for the cluster. Begin with `spark`."""
