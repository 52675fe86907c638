import * as zlib from 'node:zlib';
import { crc32 } from '../recording/crc32.ts';
import type { Crc32 } from '../recording/recording-format.ts';

/** zlib's own CRC-32 is several times faster; it came with Node 20.15, and Electron's Node may be older. */
export const fastCrc32: Crc32 = typeof zlib.crc32 === 'function' ? (data, value = 0) => zlib.crc32(data, value) : crc32;
