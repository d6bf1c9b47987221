# The host port, and what drives hardware through it.
set(DOORBELL_HOST_DRIVER_SOURCES
  access.c
  interrupt_input.c
  port.c)
set(DOORBELL_HOST_DRIVER_LIBS doorbell_sim doorbell_memory)
