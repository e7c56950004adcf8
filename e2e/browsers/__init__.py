"""The main job in three engines: Chromium, Firefox and WebKit."""
