"""Until when free text may be sent to whom: opened by customers, used up by what is sent."""
