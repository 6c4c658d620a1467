"""The oil refinery's application: what stands in the tanks, and how the process is."""
