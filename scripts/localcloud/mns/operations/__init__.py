"""What MNS's operations do, by the interface that asks for them."""
