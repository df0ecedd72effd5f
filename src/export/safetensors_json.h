/* Private to export: the JSON of a safetensors header. */
#ifndef TREN_EXPORT_SAFETENSORS_JSON_H
#define TREN_EXPORT_SAFETENSORS_JSON_H

#include "export/safetensors_header.h"

/* Adds the tensors of s->header, as they stand there, to the list. TREN_ERR_DATA. */
tren_status safetensors_parse(safetensors *s);

#endif
