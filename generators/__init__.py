"""What happens in the shop: seeded events, traffic shapes and planted trouble, without Kafka."""
