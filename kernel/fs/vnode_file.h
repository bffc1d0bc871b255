/* SPDX-License-Identifier: Apache-2.0 */
/* Open files on the tree's own vnodes: regular files, directories, symbolic links held by O_PATH. */
#pragma once
#include "fs/file.h"

extern const struct file_ops regular_file_ops, directory_file_ops, path_file_ops;
