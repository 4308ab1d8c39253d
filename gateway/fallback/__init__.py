"""When a message does not arrive on one channel, another takes over: once, when it is safe."""
