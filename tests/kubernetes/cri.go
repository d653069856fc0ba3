// SPDX-License-Identifier: GPL-2.0-only

// cri HANDLER NAME ANNOTATIONS COMMAND...: what kubelet does with a pod of one container, without kubelet: a sandbox of
// the handler and a container of localhost/node in it, with /app as an emptyDir and /other/secret as a secret would be.
// Prints what the container prints, and exits as it does; 100 and the engine's words where it did not start.
package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	cri "k8s.io/cri-api/pkg/apis/runtime/v1"
)

const notStarted = 100

func must(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(notStarted)
	}
}

// prepare makes the directories that kubelet would make
func prepare(name string) string {
	dir, err := os.MkdirTemp("", "cri-"+name+".")
	must(err)
	for _, sub := range []string{"app", "other", "logs"} {
		must(os.Mkdir(filepath.Join(dir, sub), 0o755))
	}
	must(os.Chmod(dir, 0o755))
	must(os.Chown(filepath.Join(dir, "app"), 1000, 1000))
	must(os.WriteFile(filepath.Join(dir, "other", "secret"), []byte("text"), 0o644))
	return dir
}

func configs(dir, name string, annotations map[string]string, command []string) (*cri.PodSandboxConfig,
	*cri.ContainerConfig) {
	labels := map[string]string{"io.kubernetes.pod.name": name, "io.kubernetes.pod.namespace": "default",
		"io.kubernetes.container.name": "main"}
	pod := &cri.PodSandboxConfig{
		Metadata:     &cri.PodSandboxMetadata{Name: name, Uid: filepath.Base(dir), Namespace: "default"},
		LogDirectory: filepath.Join(dir, "logs"),
		Labels:       labels,
		Annotations:  annotations,
		DnsConfig:    &cri.DNSConfig{},
		// as kubelet says it where systemd is the driver of control groups
		Linux: &cri.LinuxPodSandboxConfig{CgroupParent: "kubepods.slice", SecurityContext: &cri.LinuxSandboxSecurityContext{
			NamespaceOptions: &cri.NamespaceOption{Pid: cri.NamespaceMode_CONTAINER}}},
	}
	container := &cri.ContainerConfig{
		Metadata:   &cri.ContainerMetadata{Name: "main"},
		Image:      &cri.ImageSpec{Image: "localhost/node:1"},
		Command:    command,
		WorkingDir: "/app",
		LogPath:    "log",
		Labels:     labels,
		Mounts: []*cri.Mount{{ContainerPath: "/app", HostPath: filepath.Join(dir, "app")},
			{ContainerPath: "/other", HostPath: filepath.Join(dir, "other"), Readonly: true}},
		Linux: &cri.LinuxContainerConfig{SecurityContext: &cri.LinuxContainerSecurityContext{
			NoNewPrivs: true, RunAsUser: &cri.Int64Value{Value: 1000}, RunAsGroup: &cri.Int64Value{Value: 1000},
			NamespaceOptions: &cri.NamespaceOption{Pid: cri.NamespaceMode_CONTAINER}}},
	}
	return pod, container
}

// printed is the container's output, without what the engine puts in front of each line
func printed(file string) {
	text, err := os.ReadFile(file)
	must(err)
	for _, line := range strings.Split(string(text), "\n") {
		if fields := strings.SplitN(line, " ", 4); len(fields) == 4 {
			fmt.Println(fields[3])
		}
	}
}

// run gives the container's exit status
func run(ctx context.Context, engine cri.RuntimeServiceClient, handler, dir, name string,
	annotations map[string]string, command []string) (int, error) {
	pod, container := configs(dir, name, annotations, command)
	sandbox, err := engine.RunPodSandbox(ctx, &cri.RunPodSandboxRequest{Config: pod, RuntimeHandler: handler})
	if err != nil {
		return 0, err
	}
	defer engine.RemovePodSandbox(ctx, &cri.RemovePodSandboxRequest{PodSandboxId: sandbox.PodSandboxId})
	defer engine.StopPodSandbox(ctx, &cri.StopPodSandboxRequest{PodSandboxId: sandbox.PodSandboxId})
	made, err := engine.CreateContainer(ctx, &cri.CreateContainerRequest{PodSandboxId: sandbox.PodSandboxId,
		Config: container, SandboxConfig: pod})
	if err != nil {
		return 0, err
	}
	if _, err = engine.StartContainer(ctx, &cri.StartContainerRequest{ContainerId: made.ContainerId}); err != nil {
		return 0, err
	}
	for {
		now, err := engine.ContainerStatus(ctx, &cri.ContainerStatusRequest{ContainerId: made.ContainerId})
		if err != nil {
			return 0, err
		}
		if now.Status.State == cri.ContainerState_CONTAINER_EXITED {
			printed(filepath.Join(dir, "logs", "log"))
			return int(now.Status.ExitCode), nil
		}
		time.Sleep(time.Second)
	}
}

func main() {
	if len(os.Args) < 5 {
		fmt.Fprintln(os.Stderr, "usage: cri HANDLER NAME ANNOTATIONS COMMAND...")
		os.Exit(2)
	}
	var annotations map[string]string
	must(json.Unmarshal([]byte(os.Args[3]), &annotations))
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Minute)
	defer cancel()
	connection, err := grpc.NewClient("unix:///run/containerd/containerd.sock",
		grpc.WithTransportCredentials(insecure.NewCredentials()))
	must(err)
	dir := prepare(os.Args[2])
	status, err := run(ctx, cri.NewRuntimeServiceClient(connection), os.Args[1], dir, os.Args[2], annotations, os.Args[4:])
	os.RemoveAll(dir)
	must(err)
	os.Exit(status)
}
