/* SPDX-License-Identifier: Apache-2.0 */
#include <czmq.h>

#include "nodes/certbus/command.h"

int main (int argc, char **argv)
{
    /* czmq would take SIGINT and SIGTERM for itself. */
    zsys_handler_set (NULL);
    return command_main (argc, argv);
}
