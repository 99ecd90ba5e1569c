"""The command `course`: runs the lessons, keeps their records, builds the site. No lesson imports it."""
