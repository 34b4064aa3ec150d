// Walks courses, groups and events from creation to the last removal, and looks people up, through
// SelfCommunity's own npm client, unmodified, against a running `roster demo`.
//
//   roster demo --json | head -n 1 > demo.json; node walk.js "$(cat demo.json)"
'use strict';

const { after } = require('node:test');
const { close } = require('./rig');

require('./course');
require('./event');
require('./group');
require('./people');
require('./space');

after(close);
