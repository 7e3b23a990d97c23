#include "program.h"
#include "shim.h"

#include <errno.h>
#include <inttypes.h>
#include <link.h>
#include <pthread.h>
#include <stdio.h>
#include <sys/mman.h>

#define PROGRAM_MAPPINGS_MAX 64

typedef struct {
  uintptr_t start, end;
  int is_code;
} Mapping;

/*
 * Those of the executable and of the libraries that it has when they are looked for. They lie where they are until it
 * ends: asking takes the kernel 5 ms and more (`smaps` walks every page and area), letting go of these one to three.
 */
static Mapping program[PROGRAM_MAPPINGS_MAX];
static size_t program_count;

/* ---- finding -------------------------------------------------------------------------------- */

typedef struct {
  Mapping mapping;
  int is_file; /* of a file, readable, not writable */
} Listed;

/* "7f00-7f10 r-xp 00000000 08:01 1234  /path": 1 when `line` begins a mapping, which it then is. */
static int begins_mapping(const char *line, Listed *listed) {
  uintptr_t start, end;
  char modes[5];
  unsigned long inode;
  int fields = sscanf(line, "%" SCNxPTR "-%" SCNxPTR " %4s %*s %*s %lu", &start, &end, modes, &inode);
  if (fields != 4) return 0;
  listed->mapping = (Mapping){start, end, modes[2] == 'x'};
  listed->is_file = inode != 0 && modes[0] == 'r' && modes[1] == '-' && modes[3] == 'p';
  return 1;
}

/* Other than 0 ends the iteration. */
static int lies_in_object(struct dl_phdr_info *info, size_t size, void *data) {
  const Mapping *mapping = data;
  for (int i = 0; i < info->dlpi_phnum; i++) {
    const ElfW(Phdr) *header = &info->dlpi_phdr[i];
    uintptr_t start = info->dlpi_addr + header->p_vaddr;
    if (header->p_type == PT_LOAD && mapping->end > start && mapping->start < start + header->p_memsz) return 1;
  }
  return 0;
}

static void remember(Mapping *mapping) {
  if (program_count == PROGRAM_MAPPINGS_MAX) return;
  if (dl_iterate_phdr(lies_in_object, mapping) == 1) program[program_count++] = *mapping;
}

static int found;

/*
 * Only mappings that are as their file is: one with a page of its own (relocated, or with a debugger's breakpoint)
 * would lose it, and one that was replaced by large anonymous pages is of no file.
 */
static void find_once(void) {
  FILE *smaps = fopen("/proc/self/smaps", "re");
  if (smaps == NULL) {
    found = -errno;
    return;
  }
  Listed listed = {{0, 0, 0}, 0};
  char line[512];
  while (fgets(line, sizeof line, smaps) != NULL) {
    unsigned long kilobytes;
    if (begins_mapping(line, &listed)) continue;
    if (!listed.is_file || sscanf(line, "Anonymous: %lu kB", &kilobytes) != 1) continue;
    if (kilobytes == 0) remember(&listed.mapping);
  }
  fclose(smaps);
}

int find_program(void) {
  static pthread_once_t once = PTHREAD_ONCE_INIT;
  pthread_once(&once, find_once);
  return found;
}

/* ---- letting go ----------------------------------------------------------------------------- */

void forget_program(void) {
  for (size_t i = 0; i < program_count; i++) {
    madvise((void *)program[i].start, program[i].end - program[i].start, MADV_DONTNEED);
  }
}

/* ---- narrow faults -------------------------------------------------------------------------- */

/* What Linux maps at a fault, as far as it is in the cache (`fault_around_bytes`). */
#define FAULT_OCTETS 65536
/* A burst has two thirds resident of what it has with windows of 64 KiB; with 4 KiB there would be twice the areas. */
#define NARROW_FAULT_OCTETS 8192
/* Code as short as that is not worth its areas. */
#define NARROWED_OCTETS_MIN (1 << 20)

static size_t around = FAULT_OCTETS;

/*
 * A fault maps pages around the one that was wanted, but not beyond its memory area; and areas that lie side by side are
 * one as long as their flags are equal. So every other window gets a flag that code has no use for: it is not dumped
 * anyway. Nothing is said where the kernel has no more areas to give: then the rest of the code has wide ones.
 */
static void narrow(const Mapping *mapping) {
  const uintptr_t step = 2 * NARROW_FAULT_OCTETS;
  uintptr_t at = (mapping->start + step - 1) / step * step;
  for (; at + NARROW_FAULT_OCTETS <= mapping->end; at += step) {
    if (madvise((void *)at, NARROW_FAULT_OCTETS, MADV_DONTDUMP) != 0) return;
    around = NARROW_FAULT_OCTETS;
  }
}

void narrow_faults(void) {
  for (size_t i = 0; i < program_count; i++) {
    if (program[i].is_code && program[i].end - program[i].start >= NARROWED_OCTETS_MIN) narrow(&program[i]);
  }
}

size_t fault_octets(void) { return around; }
