/* Stands in for the systemc engine in a build without SystemC: says so. */
#include "sim/systemc/systemc_engine.h"

const struct sim_engine_ops *sim_systemc_engine(void)
{
    return NULL;
}

const char *sim_systemc_version(void)
{
    return NULL;
}
