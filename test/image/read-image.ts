import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { lstatSync, mkdtempSync, readdirSync, readFileSync, readlinkSync, rmSync, type Stats } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { ImageConfig, ImageFacts, ImageFile, Project } from './facts.ts'
import { podman } from './podman.ts'

/** All that the rules ask for, of an image in podman's store. Mounts it for the time of reading, which root may. */
export const readImage = async (name: string): Promise<ImageFacts> => {
  const root = await podman('image', 'mount', name)
  try {
    return {
      config: await readConfig(name),
      files: readFiles(root),
      layerPaths: await readLayerPaths(name),
      size: await readSize(name),
    }
  } finally {
    await podman('image', 'unmount', name)
  }
}

/** As Docker's format has it, which alone knows of health checks. */
const readConfig = async (name: string): Promise<ImageConfig> => {
  const inspected = execFileSync('buildah', ['inspect', '--type', 'image', name], { stdio: ['ignore', 'pipe', 'ignore'] })
  return (JSON.parse(String(inspected)) as { Docker: { config: ImageConfig } }).Docker.config
}

const readSize = async (name: string): Promise<number> => Number(await podman('image', 'inspect', name, '--format', '{{.Size}}'))

/** The names in each layer, as they would travel to a registry. */
const readLayerPaths = async (name: string): Promise<string[]> => {
  const folder = mkdtempSync(join(tmpdir(), 'task-layers-'))
  try {
    await podman('save', '--quiet', '--format', 'docker-dir', '--output', join(folder, 'image'), name)
    return listLayers(join(folder, 'image'))
  } finally {
    rmSync(folder, { recursive: true })
  }
}

const listLayers = (folder: string): string[] => {
  const { layers } = JSON.parse(readFileSync(join(folder, 'manifest.json'), 'utf8')) as { layers: { digest: string }[] }
  return layers.flatMap(({ digest }) => {
    const listed = execFileSync('tar', ['-tf', join(folder, digest.replace('sha256:', ''))], { maxBuffer: 64 * 1024 * 1024 })
    return String(listed)
      .split('\n')
      .map((path) => path.replace(/^\.?\//, ''))
  })
}

/** Every name below the root; a link is told, not followed. */
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
  return { path, type, mode: stats.mode & 0o7777, uid: stats.uid, gid: stats.gid, content: contentOf(root + path, type) }
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

interface LockedPackage {
  readonly version: string
  readonly dev?: boolean
  readonly devOptional?: boolean
  readonly optional?: boolean
}

const readJson = <T>(name: string): T => JSON.parse(readFileSync(new URL(`../../${name}`, import.meta.url), 'utf8')) as T

/** The packages that are installed, each by its folder, as the lock file has them. */
export const lockedPackages = (): [folder: string, locked: LockedPackage][] =>
  Object.entries(readJson<{ packages: Record<string, LockedPackage> }>('package-lock.json').packages).filter(
    ([folder]) => folder !== '',
  )

export const readProject = (revision: string): Project => {
  const { version, license } = readJson<{ version: string; license: string }>('package.json')
  const folders = (isWanted: (locked: LockedPackage) => boolean): string[] =>
    lockedPackages()
      .filter(([, locked]) => isWanted(locked))
      .map(([folder]) => folder)
  const isOmitted = ({ dev, devOptional, optional }: LockedPackage): boolean => Boolean(dev || devOptional || optional)
  return {
    version,
    license,
    revision,
    omittedPackages: folders(isOmitted),
    packages: folders((locked) => !isOmitted(locked)),
  }
}
