#include <archive.h>
#include <archive_entry.h>
#ifdef __linux__
#include <malloc.h>
#endif
