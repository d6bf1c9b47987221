"""The NIC curves of pcie-bench's model: the bytes that a packet takes on the wire in each direction, and the rate.

A NIC sends and receives packets of `size` bytes (the frame without its check sequence) at once. Each costs TLPs, some
of them once for several packets; `up` are those that the device sends. Counts are a packet's, as fractions.
"""

import math

MPS, MRRS = 256, 512
WRITE, READ, COMPLETION = 24, 24, 20  # bytes around the payload, 64-bit addresses
DESCRIPTOR, POINTER, MSI = 16, 4, 4  # bytes


def pieces(size, limit):
    """TLPs for so many bytes."""
    return math.ceil(size / limit)


class Wire:
    """Bytes a packet takes, up and down."""

    def __init__(self):
        self.up = self.down = 0.0

    def device_reads(self, size, often=1.0):
        """DMA read, and its completions."""
        self.up += pieces(size, MRRS) * READ * often
        self.down += (pieces(size, MPS) * COMPLETION + size) * often

    def device_writes(self, size, often=1.0):
        """DMA write or an MSI."""
        self.up += (pieces(size, MPS) * WRITE + size) * often

    def host_writes(self, often=1.0):
        """A pointer."""
        self.down += (WRITE + POINTER) * often

    def host_reads(self, often=1.0):
        """A pointer, and its completion."""
        self.down += READ * often
        self.up += (COMPLETION + POINTER) * often


def simple(size, receive_descriptors=False):
    """A NIC that does everything for each packet."""
    wire = Wire()
    # To the network: tail pointer, descriptor, packet, interrupt, head pointer.
    wire.host_writes()
    wire.device_reads(DESCRIPTOR)
    wire.device_reads(size)
    wire.device_writes(MSI)
    wire.host_reads()
    # From it: tail pointer, descriptor, packet, descriptor written back, interrupt, head pointer.
    wire.host_writes()
    wire.device_reads(DESCRIPTOR)
    wire.device_writes(size)
    wire.device_writes(DESCRIPTOR)
    wire.device_writes(MSI)
    wire.host_reads()
    if not receive_descriptors:
        wire.up -= READ  # the public model loses the request for the receive descriptor
    return wire


def batching(size, driver, receive_descriptors=False):
    """A NIC like Intel's 82599: descriptors to send are fetched 40 at a time and written back 8 at a time.

    driver: "kernel", which hears of each 32nd packet by an interrupt and moves a pointer for each packet it sends; or
    "dpdk", which polls descriptors, has no interrupts, and moves that pointer for each 32nd.
    """
    kernel = driver == "kernel"
    tail = 1.0 if kernel else 1 / 32
    wire = Wire()
    wire.host_writes(tail)
    wire.device_reads(40 * DESCRIPTOR, 1 / 40)
    wire.device_reads(size)
    wire.device_writes(8 * DESCRIPTOR, 1 / 8)
    if kernel:
        wire.device_writes(MSI, 1 / 32)
        wire.host_reads(tail)
    wire.host_writes(1 / 32)
    wire.device_reads(DESCRIPTOR)
    wire.device_writes(size)
    wire.device_writes(DESCRIPTOR)
    if kernel:
        wire.device_writes(MSI, 1 / 32)
        wire.host_reads(1 / 8)
    if not receive_descriptors:
        wire.up -= READ
    return wire


def rate(wire, size, link):
    """Gb/s of packets each way, both ways at once, over a link of so many Gb/s."""
    return size * min(link / wire.up, link / wire.down)
