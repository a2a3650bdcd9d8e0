import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import {
  lstatSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  type Stats,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { podman } from './podman.ts'

/** What is known of an image without running it. */
export interface Image {
  /** As Docker has it (https://github.com/moby/docker-image-spec/blob/main/spec.md). */
  readonly config: Readonly<Record<string, unknown>>
  readonly files: readonly ImageFile[]
  /** Every path of every layer, also of files that a later layer hides. */
  readonly layerPaths: readonly string[]
  /** The layers unpacked, in bytes. */
  readonly size: number
}

export interface ImageFile {
  /** From the root on: `/app/dist/cli.js`. */
  readonly path: string
  readonly type: 'file' | 'folder' | 'link' | 'other'
  /** The permission bits. */
  readonly mode: number
  readonly uid: number
  readonly gid: number
  /** A file's SHA-256 in hex, a link's target; empty for the rest. */
  readonly content: string
}

/** Reads an image in podman's store, which it mounts for that time, as root may. */
export const readImage = async (name: string): Promise<Image> => {
  const root = await podman('image', 'mount', name)
  try {
    const size = Number(await podman('image', 'inspect', name, '--format', '{{.Size}}'))
    return {
      config: readConfig(name),
      files: readFiles(root),
      layerPaths: await readLayerPaths(name),
      size,
    }
  } finally {
    await podman('image', 'unmount', name)
  }
}

/** Asked of buildah, as only Docker's format has the health check. */
const readConfig = (name: string): Image['config'] => {
  const inspected = execFileSync('buildah', ['inspect', '--type', 'image', name], {
    stdio: ['ignore', 'pipe', 'ignore'],
  })
  return (JSON.parse(String(inspected)) as { Docker: { config: Image['config'] } }).Docker.config
}

/** The names in each layer, as they would travel to a registry. */
const readLayerPaths = async (name: string): Promise<string[]> => {
  const folder = mkdtempSync(join(tmpdir(), 'task-layers-'))
  try {
    const image = join(folder, 'image')
    await podman('save', '--quiet', '--format', 'docker-dir', '--output', image, name)
    const { layers } = JSON.parse(readFileSync(join(image, 'manifest.json'), 'utf8')) as {
      layers: { digest: string }[]
    }
    const listed = layers.map(({ digest }) =>
      execFileSync('tar', ['-tf', join(image, digest.replace('sha256:', ''))], {
        maxBuffer: 64 * 1024 * 1024,
      }),
    )
    return listed
      .flatMap((paths) => String(paths).split('\n'))
      .map((path) => path.replace(/^\.?\//, ''))
  } finally {
    rmSync(folder, { recursive: true })
  }
}

/** Every name below the root; links are not followed. */
const readFiles = (root: string, folder = ''): ImageFile[] =>
  readdirSync(root + folder)
    .sort()
    .flatMap((name) => {
      const file = toImageFile(root, `${folder}/${name}`)
      return file.type === 'folder' ? [file, ...readFiles(root, file.path)] : [file]
    })

const toImageFile = (root: string, path: string): ImageFile => {
  const stats = lstatSync(root + path)
  const type = typeOf(stats)
  return {
    path,
    type,
    mode: stats.mode & 0o7777,
    uid: stats.uid,
    gid: stats.gid,
    content: contentOf(root + path, type),
  }
}

const typeOf = (stats: Stats): ImageFile['type'] => {
  if (stats.isSymbolicLink()) return 'link'
  if (stats.isDirectory()) return 'folder'
  return stats.isFile() ? 'file' : 'other'
}

const contentOf = (path: string, type: ImageFile['type']): string => {
  if (type === 'link') return readlinkSync(path)
  return type === 'file' ? createHash('sha256').update(readFileSync(path)).digest('hex') : ''
}
