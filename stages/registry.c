/* stages/registry.c - the table of stages, made from stage_list.def */
#include "stages/stage.h"

#include "base/banned.h"

#define STAGE(name) extern const ost_stage ost_stage_##name;
#include "stages/stage_list.def"
#undef STAGE

const ost_stage *const ost_stages[] = {
#define STAGE(name) &ost_stage_##name,
#include "stages/stage_list.def"
#undef STAGE
    NULL,
};
