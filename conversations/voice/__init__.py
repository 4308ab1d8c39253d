"""One voice in public: who owns the next answer, what others suggest, and who approves it."""
