"""Message Service (MNS) of the local cloud: topics, subscriptions and queues."""
