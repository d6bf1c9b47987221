/* The kernel's library wants an sc_main(); the tests have a main() of their own. */
#include <systemc>

int sc_main(int, char *[])
{
    return 0;
}
