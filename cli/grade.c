/* grade.c - `millrace grade`: the notebooks of a class become a table (notebooks/millrace_labs/grade.py). */
#include "cli/cli.h"
#include "cli/notebooks.h"

int cli_grade(int argc, char **argv)
{
    return notebooks_run("grade", "grade", argc, argv);
}
