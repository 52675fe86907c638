// What electron-builder is told. One function, so that the release and the test build differ in the open.
import { join } from 'node:path';
import { repositoryRoot } from '../checks/source-tree.mjs';

/**
 * @param {import('../runtime/electron.mjs').ElectronRuntime} electron
 * @param {string} electronDist the same Electron, clean
 * @param {{ isTestBuild: boolean, outputFolder: string }} options
 * @returns {import('electron-builder').Configuration}
 */
export function configurationFor(electron, electronDist, { isTestBuild, outputFolder }) {
  return {
    appId: 'invalid.flinktrade.workstation',
    productName: 'FlinkTrade',
    copyright: 'Copyright FlinkTrade contributors, Apache-2.0',
    directories: { output: outputFolder, buildResources: join(repositoryRoot, 'build', 'package', 'resources') },
    // Everything is bundled: no module is installed into the application. The list is closed, because a file that
    // grows while it is packed makes an archive that does not start.
    files: [
      'dist/electron/**',
      'dist/engine/**',
      'dist/renderer/**',
      'dist/THIRD-PARTY-LICENSES.txt',
      'package.json',
      'LICENSE',
      'NOTICE',
      '!**/*.map',
      '!node_modules/**',
    ],
    asar: true,
    electronVersion: electron.version,
    electronDist,
    electronLanguages: ['en-US'],
    npmRebuild: false,
    nodeGypRebuild: false,
    buildDependenciesFromSource: false,
    compression: 'normal',
    electronFuses: fuses(isTestBuild),
    linux: {
      target: ['tar.gz', 'deb'],
      executableName: 'flinktrade',
      category: 'Finance',
      icon: 'icons',
      synopsis: 'A trading workstation on a streaming engine',
      maintainer: 'FlinkTrade contributors <maintainers@flinktrade.invalid>',
      syncDesktopName: true,
    },
    deb: {
      packageCategory: 'misc',
      depends: [
        'libgtk-3-0 | libgtk-3-0t64',
        'libnss3',
        'libatspi2.0-0 | libatspi2.0-0t64',
        'libgbm1',
        'libasound2 | libasound2t64',
        'xdg-utils',
      ],
    },
    win: { target: ['nsis'], icon: 'icon.ico' },
    nsis: { oneClick: false, perMachine: false, allowToChangeInstallationDirectory: true },
    mac: { target: ['dmg', 'zip'], icon: 'icon.icns', category: 'public.app-category.finance' },
    publish: null,
  };
}

/**
 * The release takes no flag, variable or loose file that would run other code in its name. The test build lets an
 * inspector in, because that is how the end-to-end tests drive it; nothing else differs.
 * @param {boolean} isTestBuild
 */
function fuses(isTestBuild) {
  return {
    runAsNode: false,
    enableCookieEncryption: true,
    enableNodeOptionsEnvironmentVariable: false,
    enableNodeCliInspectArguments: isTestBuild,
    // Has an effect on macOS and Windows only.
    enableEmbeddedAsarIntegrityValidation: true,
    onlyLoadAppFromAsar: true,
    loadBrowserProcessSpecificV8Snapshot: false,
    grantFileProtocolExtraPrivileges: false,
  };
}
