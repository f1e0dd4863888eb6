#!/usr/bin/env node
// Checked in, so that package managers can link the command before anything is built.
require('../dist/cli.js');
