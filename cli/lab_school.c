/* lab_school.c - `millrace lab-school`: the labs in a terminal (notebooks/millrace_labs/school.py). */
#include "cli/cli.h"
#include "cli/notebooks.h"

int cli_lab_school(int argc, char **argv)
{
    return notebooks_run("lab-school", "school", argc, argv);
}
