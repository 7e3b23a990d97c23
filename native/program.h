/*
 * The pages of the program's own files: Node's, its libraries', the shim's.
 */
#ifndef GODWIT_PROGRAM_H
#define GODWIT_PROGRAM_H

#include <stddef.h>

/* Finds the mappings, once: 0 or -errno. The others want it called before. */
int find_program(void);

/* Lets go of all pages: they stay in the cache of files, and what is wanted comes back by a fault of a microsecond. */
void forget_program(void);

/* From now on a fault in the program's code maps no more than `fault_octets()` around what was wanted. */
void narrow_faults(void);

/* What a fault in the program's code maps at most. */
size_t fault_octets(void);

#endif
