"""The embedded store of the server: devices, intake, closed rounds and pools, each on its own."""
