/*
 * SystemC's threads have stacks with a page that nobody may read, in memory that LeakSanitizer reads from end to end:
 * it falls over at the end of a program that had any. Sanitizer builds of the examples are linked with this.
 */
extern "C" {
int __lsan_is_turned_off(); // NOLINT: the sanitizer's name

int __lsan_is_turned_off() // NOLINT
{
    return 1;
}
}
