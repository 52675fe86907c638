// Draws resources/icon.svg into the picture files that the platforms want. Run by hand when the drawing changes:
// `node build/package/draw-icons.mjs`. The results are committed, so that packaging needs no drawing tool.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { env } from 'node:process';
import { fileURLToPath } from 'node:url';
import { _electron } from 'playwright-core';
import { electronFlags, findDisplay, startScreen } from '../runtime/display.mjs';
import { findElectron } from '../runtime/electron.mjs';

const resources = join(dirname(fileURLToPath(import.meta.url)), 'resources');
const sizes = [16, 32, 48, 64, 128, 256, 512, 1024];
/** Sizes that a Windows icon holds; a side of 256 is written as 0. */
const icoSizes = [16, 32, 48, 256];
/** Apple's names for the pictures that may be PNG. */
const icnsTypes = new Map([
  [128, 'ic07'],
  [256, 'ic08'],
  [512, 'ic09'],
  [1024, 'ic10'],
]);

const pictures = await drawAll();
for (const [size, png] of pictures) {
  if (size <= 512) writeFileSync(join(resources, 'icons', `${size}x${size}.png`), png);
}
writeFileSync(join(resources, 'icon.ico'), icoOf(pictures));
writeFileSync(join(resources, 'icon.icns'), icnsOf(pictures));
console.log(`drew ${sizes.join(', ')} pixels`);

/** @returns {Promise<Map<number, Buffer>>} a PNG per size */
async function drawAll() {
  const app = mkdtempSync(join(tmpdir(), 'flinktrade-icon-'));
  writeFileSync(join(app, 'package.json'), '{"name":"icon","main":"main.cjs"}');
  writeFileSync(
    join(app, 'main.cjs'),
    "const {app, BrowserWindow} = require('electron'); app.whenReady().then(() => new BrowserWindow({show: false}).loadURL('about:blank'));",
  );
  const display = await findDisplay();
  const screen = display.kind === 'absent' ? await startScreen() : undefined;
  const { executable } = await findElectron({ say: console.error });
  const running = await _electron.launch({
    executablePath: executable,
    args: [...electronFlags(), '--disable-gpu', `--user-data-dir=${join(app, 'data')}`, app],
    env: {
      .../** @type {Record<string, string>} */ (env),
      ...(screen === undefined ? {} : { DISPLAY: screen.display }),
    },
  });
  try {
    const page = await running.firstWindow();
    const svg = `data:image/svg+xml;base64,${readFileSync(join(resources, 'icon.svg')).toString('base64')}`;
    /** @type {Map<number, Buffer>} */
    const drawn = new Map();
    for (const size of sizes) {
      const drawing = /** @type {string} */ (await page.evaluate(drawOne(svg, size)));
      drawn.set(size, Buffer.from(drawing, 'base64'));
    }
    return drawn;
  } finally {
    await running.close();
    await screen?.stop();
    rmSync(app, { recursive: true, force: true });
  }
}

/**
 * Runs in the page, hence as text: this folder is compiled without a DOM.
 * @param {string} svg
 * @param {number} size
 */
function drawOne(svg, size) {
  return `(async () => {
    const image = new Image();
    image.src = ${JSON.stringify(svg)};
    await image.decode();
    const canvas = Object.assign(document.createElement('canvas'), { width: ${size}, height: ${size} });
    canvas.getContext('2d').drawImage(image, 0, 0, ${size}, ${size});
    return canvas.toDataURL('image/png').split(',')[1];
  })()`;
}

/** @param {Map<number, Buffer>} from */
function icoOf(from) {
  const header = Buffer.alloc(6 + 16 * icoSizes.length);
  header.writeUInt16LE(1, 2);
  header.writeUInt16LE(icoSizes.length, 4);
  let offset = header.length;
  const images = icoSizes.map((size, index) => {
    const png = pictureOf(from, size);
    const at = 6 + 16 * index;
    header.writeUInt8(size % 256, at);
    header.writeUInt8(size % 256, at + 1);
    header.writeUInt16LE(1, at + 4);
    header.writeUInt16LE(32, at + 6);
    header.writeUInt32LE(png.length, at + 8);
    header.writeUInt32LE(offset, at + 12);
    offset += png.length;
    return png;
  });
  return Buffer.concat([header, ...images]);
}

/** @param {Map<number, Buffer>} from */
function icnsOf(from) {
  const parts = [...icnsTypes].map(([size, type]) => {
    const png = pictureOf(from, size);
    return Buffer.concat([blockHeader(type, png.length + 8), png]);
  });
  const content = Buffer.concat(parts);
  return Buffer.concat([blockHeader('icns', content.length + 8), content]);
}

/**
 * @param {string} type four letters
 * @param {number} bytes this header included
 */
function blockHeader(type, bytes) {
  const header = Buffer.alloc(8, type, 'ascii');
  header.writeUInt32BE(bytes, 4);
  return header;
}

/**
 * @param {Map<number, Buffer>} from
 * @param {number} size
 */
function pictureOf(from, size) {
  const png = from.get(size);
  if (png === undefined) throw new Error(`no picture of ${size} pixels was drawn`);
  return png;
}
