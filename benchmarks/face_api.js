// SPDX-License-Identifier: GPL-3.0-or-later
// @vladmandic/face-api (MIT) for benchmarks/peer_process.py: its 68 points and its emotions.
//
// Standard input: for each picture its width and height (uint32, little endian), then its RGB
// bytes. Standard output: for each picture a line of JSON, null without a face, else
// {"score": 0..1, "points": [[x, y], ...], "emotions": {name: 0..1}}, the points in pixels from the
// picture's upper left corner.
// NODE_PATH names the folder that holds the packages.
'use strict';

const path = require('node:path');

const tf = require('@tensorflow/tfjs');
const wasm = require('@tensorflow/tfjs-backend-wasm');
const faceapi = require('@vladmandic/face-api/dist/face-api.node-wasm.js');

const folderOf = (name) => path.dirname(require.resolve(`${name}/package.json`));

async function start() {
  const binaries = path.join(folderOf('@tensorflow/tfjs-backend-wasm'), 'dist');
  wasm.setWasmPaths(`${binaries}${path.sep}`);
  await tf.setBackend('wasm');
  await tf.ready();
  const models = path.join(folderOf('@vladmandic/face-api'), 'model');
  await faceapi.nets.ssdMobilenetv1.loadFromDisk(models);
  await faceapi.nets.faceLandmark68Net.loadFromDisk(models);
  await faceapi.nets.faceExpressionNet.loadFromDisk(models);
}

async function describe(pixels, width, height) {
  const picture = tf.tensor3d(Int32Array.from(pixels), [height, width, 3], 'int32');
  const options = new faceapi.SsdMobilenetv1Options({ minConfidence: 0.5 });
  const face = await faceapi
    .detectSingleFace(picture, options)
    .withFaceLandmarks()
    .withFaceExpressions();
  picture.dispose();
  if (!face) return null;
  const points = face.landmarks.positions.map((point) => [point.x, point.y]);
  return { score: face.detection.score, points, emotions: face.expressions };
}

async function main() {
  await start();
  let waiting = Buffer.alloc(0);
  for await (const chunk of process.stdin) {
    waiting = Buffer.concat([waiting, chunk]);
    while (waiting.length >= 8) {
      const width = waiting.readUInt32LE(0);
      const height = waiting.readUInt32LE(4);
      const end = 8 + width * height * 3;
      if (waiting.length < end) break;
      const answer = await describe(waiting.subarray(8, end), width, height);
      waiting = waiting.subarray(end);
      process.stdout.write(`${JSON.stringify(answer)}\n`);
    }
  }
}

main();
