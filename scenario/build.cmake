set(DOORBELL_SCENARIO_BUILD_SOURCES
  build_pcie.c
  build_platform.c
  device_knowledge.c
  expect.c
  firmware_tables.c
  plan.c
  software_tables.c
  predict.c
  run.c
  system.c
  system_run.c
  system_vm.c
  timeline.c
  verdicts.c
  verdicts_vm.c)
set(DOORBELL_SCENARIO_BUILD_LIBS doorbell_pcie doorbell_smmuv3 doorbell_gic doorbell_interconnect doorbell_memory
  doorbell_systemc)
