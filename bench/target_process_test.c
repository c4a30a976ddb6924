/* Targets that are shell scripts: started, waited for, stopped as their files say. */
#include "bench/target_process.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/unit.h"

static char folder[64];

/* A target with these lines in front of what each needs; its file is gone at once. */
static void spec_make(struct target_spec *spec, const char *lines)
{
    struct err_text error = {0};
    char path[80];
    snprintf(folder, sizeof folder, "%s/millrace-target-XXXXXX", P_tmpdir);
    check(mkdtemp(folder) != NULL);
    snprintf(path, sizeof path, "%s.json", folder);
    FILE *file = fopen(path, "w");
    check(file != NULL);
    fprintf(file,
            "{%s, \"name\": \"x\", \"about\": \"y\", \"protocol\": \"kafka\", \"stop\": {\"signal\": \"INT\", "
            "\"within_s\": 5},"
            "\"acks\": [\"1\"], \"durability\": [{\"name\": \"d\", \"promise\": \"memory\", \"settings\": [\"one\"]}]}",
            lines);
    fclose(file);
    if (target_spec_read(spec, path, &error) != 0) unit_fail("%s", error.text);
    unlink(path);
}

static int start(struct target_process *p, const struct target_spec *spec, struct err_text *error)
{
    return target_process_start(p, spec, &spec->durabilities[0], "/bin/true", folder, error);
}

static void said_remove(void)
{
    char path[80];
    snprintf(path, sizeof path, "%s.log", folder);
    unlink(path);
}

TEST(target_process, its_files_are_written_its_steps_run_and_its_first_line_is_its_address)
{
    struct target_spec spec;
    struct target_process p;
    struct err_text error = {0};
    /* The script says where the others put things, and its last argument is the mode's setting. */
    spec_make(&spec, "\"files\": {\"{folder}/conf\": [\"a\", \"127.0.0.1:7\"]},"
                     "\"prepare\": [[\"cp\", \"{folder}/conf\", \"{folder}/copy\"]],"
                     "\"start\": [\"sh\", \"-c\", \"echo up $(tail -n 1 {folder}/copy)-$1; exec sleep 60\", \"sh\"],"
                     "\"ready\": {\"line\": \"up \"}");
    if (start(&p, &spec, &error) != 0) unit_fail("%s", error.text);
    check_str(p.address, "127.0.0.1:7-one");
    check(p.process.pid > 0);
    check_int(access(folder, F_OK), 0);
    target_process_stop(&p);
    check(access(folder, F_OK) != 0);
    target_process_stop(&p);
    target_spec_release(&spec);
    said_remove();
}

TEST(target_process, one_that_does_not_get_ready_is_told_with_its_log)
{
    struct target_spec spec;
    struct target_process p;
    struct err_text error = {0};
    char expected[256];
    spec_make(&spec, "\"start\": [\"sh\", \"-c\", \"echo no; exec sleep 60\"], \"ready\": {\"line\": \"up \"}");
    check_int(start(&p, &spec, &error), ERR_IO);
    snprintf(expected, sizeof expected, "x did not get ready within 10 s: see %s.log", folder);
    check_str(error.text, expected);
    check_int(p.process.pid, 0);
    check(access(folder, F_OK) != 0);
    target_spec_release(&spec);
    said_remove();
    error = (struct err_text){0};
    spec_make(&spec, "\"start\": [\"false\"], \"ready\": {\"connect\": \"127.0.0.1:{port}\", \"within_s\": 60}");
    check_int(start(&p, &spec, &error), ERR_IO);
    target_spec_release(&spec);
    said_remove();
    error = (struct err_text){0};
    spec_make(&spec,
              "\"prepare\": [[\"sh\", \"-c\", \"exit 3\"]], \"start\": [\"true\"], \"ready\": {\"line\": \"up \"}");
    check_int(start(&p, &spec, &error), ERR_IO);
    snprintf(expected, sizeof expected, "x: `sh ...` ended with status 3: see %s.log", folder);
    check_str(error.text, expected);
    target_spec_release(&spec);
    said_remove();
}

TEST(target_process, what_is_missing_is_fetched_once)
{
    struct target_spec spec;
    struct err_text error = {0};
    char cache[64];
    snprintf(cache, sizeof cache, "%s/millrace-cache-XXXXXX", P_tmpdir);
    check(mkdtemp(cache) != NULL);
    setenv("MILLRACE_CACHE", cache, 1);
    spec_make(&spec, "\"needs\": {\"file\": \"{cache}/jar\", \"how\": \"fetch it\"},"
                     "\"fetch\": {\"files\": {\"{cache}/list\": [\"one\"]},"
                     "\"run\": [[\"sh\", \"-c\", \"cat {cache}/list >>{cache}/jar\"]]},"
                     "\"start\": [\"true\"], \"ready\": {\"line\": \"up \"}");
    rmdir(folder);
    check_int(target_fetch(&spec, "/bin/true", &error), 0);
    check_int(target_fetch(&spec, "/bin/true", &error), 0);
    char path[96], text[16] = "";
    snprintf(path, sizeof path, "%s/x/jar", cache);
    FILE *file = fopen(path, "r");
    check(file != NULL);
    check_int(fread(text, 1, sizeof text - 1, file), 4);
    fclose(file);
    check_str(text, "one\n");
    unsetenv("MILLRACE_CACHE");
    unlink(path);
    snprintf(path, sizeof path, "%s/x/list", cache);
    unlink(path);
    snprintf(path, sizeof path, "%s/x", cache);
    rmdir(path);
    rmdir(cache);
    target_spec_release(&spec);
}
