/* stages/describe.c - prints the stage tables and the library versions */
#include "stages/describe.h"

#include "stages/devices.h"
#include "stages/stage.h"

#include <archive.h>
#include <curl/curl.h>
#include <dnnl.h>
#include <jpeglib.h>
#include <lmdb.h>
#include <openjpeg.h>
#include <openssl/crypto.h>
#include <png.h>
#include <string.h>
#include <tiffio.h>

#include "base/banned.h"

static void add_c_string(ost_buf *out, const char *s)
{
    if (!s) {
        ost_buf_adds(out, "NULL");
        return;
    }
    ost_buf_addc(out, '"');
    for (; *s; s++) {
        if (*s == '"' || *s == '\\')
            ost_buf_addf(out, "\\%c", *s);
        else if (*s == '\n')
            ost_buf_adds(out, "\\n\"\n\"");
        else
            ost_buf_addc(out, *s);
    }
    ost_buf_addc(out, '"');
}

static void add_bound(ost_buf *out, double v)
{
    if (isinf(v))
        ost_buf_adds(out, v > 0 ? "INFINITY" : "-INFINITY");
    else
        ost_buf_addf(out, "%a", v);
}

static void add_params(ost_buf *out, const ost_stage *s)
{
    ost_buf_addf(out, "static const ost_param params_%s[] = {\n", s->name);
    for (const ost_param *p = s->params; p && p->name; p++) {
        ost_buf_adds(out, "    { .name = ");
        add_c_string(out, p->name);
        ost_buf_addf(out,
                     ", .kind = (ost_param_kind)%d, .help = ", (int)p->kind);
        add_c_string(out, p->help);
        ost_buf_addf(out, ", .required = %d, .dflt = ", p->required);
        add_c_string(out, p->dflt);
        ost_buf_adds(out, ", .min = ");
        add_bound(out, p->min);
        ost_buf_adds(out, ", .max = ");
        add_bound(out, p->max);
        ost_buf_addf(out, ", .min_len = %zu, .max_len = %zu, .choices = ",
                     p->min_len, p->max_len);
        add_c_string(out, p->choices);
        ost_buf_adds(out, " },\n");
    }
    ost_buf_adds(out, "    { .name = NULL },\n};\n");
}

static void add_ports(ost_buf *out, const char *kind, const ost_stage *s,
                      const ost_port *ports)
{
    ost_buf_addf(out, "static const ost_port %s_%s[] = {\n", kind, s->name);
    for (const ost_port *p = ports; p->name; p++) {
        ost_buf_adds(out, "    { .name = ");
        add_c_string(out, p->name);
        ost_buf_addf(out,
                     ", .type = (ost_artifact_type)%d, .help = ", (int)p->type);
        add_c_string(out, p->help);
        ost_buf_addf(out, ", .many = %d, .optional = %d },\n", p->many,
                     p->optional);
    }
    ost_buf_adds(out, "    { .name = NULL },\n};\n");
}

static void add_stage(ost_buf *out, const ost_stage *s)
{
    add_params(out, s);
    add_ports(out, "inputs", s, s->inputs);
    add_ports(out, "outputs", s, s->outputs);
    ost_buf_addf(out,
                 "static const ost_stage stage_%s = {\n    .name = ", s->name);
    add_c_string(out, s->name);
    ost_buf_addf(out, ",\n    .version = %u,\n    .summary = ", s->version);
    add_c_string(out, s->summary);
    ost_buf_addf(out, ",\n    .flags = %uu,\n    .reads = ",
                 s->flags | (s->check ? OST_STAGE_CHECKS : 0u));
    add_c_string(out, s->reads);
    ost_buf_adds(out, ",\n    .judges = ");
    add_c_string(out, s->judges);
    ost_buf_addf(out,
                 ",\n    .params = params_%s,\n    .inputs = inputs_%s,\n"
                 "    .outputs = outputs_%s,\n};\n\n",
                 s->name, s->name, s->name);
}

void ost_describe_c(ost_buf *out)
{
    ost_buf_adds(out, "/* Printed by osteon-worker --describe-c. */\n"
                      "#include \"stages/stage.h\"\n\n");
    for (const ost_stage *const *s = ost_stages; *s; s++)
        add_stage(out, *s);
    ost_buf_adds(out, "const ost_stage *const ost_stages[] = {\n");
    for (const ost_stage *const *s = ost_stages; *s; s++)
        ost_buf_addf(out, "    &stage_%s,\n", (*s)->name);
    ost_buf_adds(out, "    NULL,\n};\n");
}

void ost_describe_versions(ost_buf *out)
{
    const dnnl_version_t *dnnl = dnnl_version();
    const char *tiff = TIFFGetVersion();
    const curl_version_info_data *curl = curl_version_info(CURLVERSION_NOW);

    ost_buf_addf(out, "oneDNN %d.%d.%d\n", dnnl->major, dnnl->minor,
                 dnnl->patch);
    ost_buf_addf(out, "LMDB %s\n", mdb_version(NULL, NULL, NULL));
    ost_buf_addf(out, "jansson %s\n", jansson_version_str());
    ost_buf_addf(out, "%s\n", archive_version_string());
    ost_buf_addf(out, "libcurl %s\n", curl->version);
    ost_buf_addf(out, "%s\n", OpenSSL_version(OPENSSL_VERSION));
    ost_buf_addf(out, "libpng %s\n", png_get_libpng_ver(NULL));
    ost_buf_addf(out, "libjpeg API %d\n", JPEG_LIB_VERSION);
    ost_buf_addf(out, "%.*s\n", (int)strcspn(tiff, "\n"), tiff);
    ost_buf_addf(out, "OpenJPEG %s\n", opj_version());
    ost_buf_addf(out, "numeric class %s\n", ost_cpu_numeric_class());
}
