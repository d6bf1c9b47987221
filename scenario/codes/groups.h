/* The groups that make the table of error codes, one file a few subjects (scenario/codes.h). */
#ifndef DOORBELL_SCENARIO_CODES_GROUPS_H
#define DOORBELL_SCENARIO_CODES_GROUPS_H

#include "scenario/codes.h"

#ifdef __cplusplus
extern "C" {
#endif

extern const struct error_code_group error_codes_command;
extern const struct error_code_group error_codes_files;
extern const struct error_code_group error_codes_running;
extern const struct error_code_group error_codes_sweeps;
extern const struct error_code_group error_codes_yaml;
extern const struct error_code_group error_codes_keys;
extern const struct error_code_group error_codes_names;
extern const struct error_code_group error_codes_platform;
extern const struct error_code_group error_codes_pcie;
extern const struct error_code_group error_codes_traffic;
extern const struct error_code_group error_codes_software;
extern const struct error_code_group error_codes_machines;
extern const struct error_code_group error_codes_axes;
extern const struct error_code_group error_codes_expectations;
extern const struct error_code_group error_codes_firmware;
extern const struct error_code_group error_codes_import;
extern const struct error_code_group error_codes_recordings;
extern const struct error_code_group error_codes_calibration;

#ifdef __cplusplus
}
#endif

#endif
