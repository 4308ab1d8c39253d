"""What Twilio sends: ``*.txt`` are form bodies as on the wire, ``*.json`` JSON bodies."""
