// SPDX-License-Identifier: GPL-2.0-only

// admission DIR: the manifests of DIR are decoded as a current apiserver decodes them, which refuses a member or a
// version that it does not know, and pods are put to the admission rule by the apiserver's own plugin. TAP.
package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	rules "k8s.io/api/admissionregistration/v1"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta/testrestmapper"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/serializer"
	"k8s.io/apimachinery/pkg/util/yaml"
	"k8s.io/apiserver/pkg/admission"
	"k8s.io/apiserver/pkg/admission/initializer"
	"k8s.io/apiserver/pkg/admission/plugin/policy/validating"
	"k8s.io/apiserver/pkg/authentication/user"
	"k8s.io/apiserver/pkg/authorization/authorizerfactory"
	"k8s.io/apiserver/pkg/util/compatibility"
	dynamicfake "k8s.io/client-go/dynamic/fake"
	"k8s.io/client-go/informers"
	"k8s.io/client-go/kubernetes/fake"
	"k8s.io/client-go/kubernetes/scheme"
	"k8s.io/component-base/featuregate"
	"k8s.io/klog/v2"
)

var number, failed int

// it prints one test's line; why is empty if it has passed
func it(sentence, why string) {
	number++
	if why == "" {
		fmt.Printf("ok %d - %s\n", number, sentence)
		return
	}
	failed++
	fmt.Printf("not ok %d - %s\n# %s\n", number, sentence, why)
}

func must(err error) {
	if err != nil {
		fmt.Printf("Bail out! %v\n", err)
		os.Exit(1)
	}
}

// read decodes each object of a file
func read(path string) ([]runtime.Object, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	decoder := serializer.NewCodecFactory(scheme.Scheme, serializer.EnableStrict).UniversalDeserializer()
	documents := yaml.NewDocumentDecoder(io.NopCloser(bytes.NewReader(data)))
	defer documents.Close()
	var objects []runtime.Object
	for buffer := make([]byte, 1<<20); ; {
		n, err := documents.Read(buffer)
		if err == io.EOF {
			return objects, nil
		}
		if err != nil {
			return nil, err
		}
		object, _, err := decoder.Decode(buffer[:n], nil, nil)
		if err != nil {
			return nil, err
		}
		if old, is := object.(interface{ APILifecycleDeprecated() (int, int) }); is {
			major, minor := old.APILifecycleDeprecated()
			return nil, fmt.Errorf("%T is deprecated since %d.%d", object, major, minor)
		}
		objects = append(objects, defaulted(object))
	}
}

// defaulted has the members that the apiserver adds when it stores a rule, by code that is in no library
func defaulted(object runtime.Object) runtime.Object {
	var match *rules.MatchResources
	switch o := object.(type) {
	case *rules.ValidatingAdmissionPolicy:
		match = o.Spec.MatchConstraints
	case *rules.ValidatingAdmissionPolicyBinding:
		match = o.Spec.MatchResources
	default:
		return object
	}
	policy, scope := rules.Equivalent, rules.AllScopes
	match.MatchPolicy = &policy
	if match.NamespaceSelector == nil {
		match.NamespaceSelector = &metav1.LabelSelector{}
	}
	match.ObjectSelector = &metav1.LabelSelector{}
	for i := range match.ResourceRules {
		match.ResourceRules[i].Scope = &scope
	}
	return object
}

// plugin is the apiserver's, in a cluster that has these objects
func plugin(ctx context.Context, objects []runtime.Object) *validating.Plugin {
	client := fake.NewSimpleClientset(objects...)
	factory := informers.NewSharedInformerFactory(client, 0)
	rule, err := validating.NewPlugin(nil)
	must(err)
	initializer.New(client, dynamicfake.NewSimpleDynamicClient(scheme.Scheme), factory,
		authorizerfactory.NewAlwaysAllowAuthorizer(), featuregate.NewFeatureGate(),
		compatibility.DefaultBuildEffectiveVersion(), ctx.Done(),
		testrestmapper.TestOnlyStaticRESTMapper(scheme.Scheme)).Initialize(rule)
	must(rule.ValidateInitialization())
	factory.Start(ctx.Done())
	factory.WaitForCacheSync(ctx.Done())
	return rule
}

// ask puts a pod to the rule: the reason, or an empty string where it is admitted
func ask(rule *validating.Plugin, pod, old *corev1.Pod, namespace, subresource string) string {
	operation, options := admission.Create, runtime.Object(&metav1.CreateOptions{})
	var before runtime.Object
	if old != nil {
		operation, options, before = admission.Update, &metav1.UpdateOptions{}, old
	}
	pod = pod.DeepCopy()
	pod.Namespace = namespace
	attributes := admission.NewAttributesRecord(pod, before, corev1.SchemeGroupVersion.WithKind("Pod"), namespace,
		pod.Name, corev1.SchemeGroupVersion.WithResource("pods"), subresource, operation, options, false,
		&user.DefaultInfo{Name: "somebody"})
	err := rule.Validate(context.Background(), attributes, admission.NewObjectInterfacesFromScheme(scheme.Scheme))
	if err == nil {
		return ""
	}
	return err.Error()
}

var yes, no, unmasked = true, false, corev1.UnmaskedProcMount

// what leads out of a tenant, and the words with which the rule refuses it
var refused = []struct {
	what, why string
	change    func(*corev1.PodSpec)
}{
	{"no handler", "runtimeClassName must be", func(s *corev1.PodSpec) { s.RuntimeClassName = nil }},
	{"another handler", "runtimeClassName must be", func(s *corev1.PodSpec) { *s.RuntimeClassName = "runc" }},
	{"the host's network", "hostNetwork, hostPID and hostIPC", func(s *corev1.PodSpec) { s.HostNetwork = true }},
	{"the host's processes", "hostNetwork, hostPID and hostIPC", func(s *corev1.PodSpec) { s.HostPID = true }},
	{"the host's IPC", "hostNetwork, hostPID and hostIPC", func(s *corev1.PodSpec) { s.HostIPC = true }},
	{"one view of all containers' processes", "shareProcessNamespace is", func(s *corev1.PodSpec) {
		s.ShareProcessNamespace = &yes
	}},
	{"the service account's token, by default", "automountServiceAccountToken must", func(s *corev1.PodSpec) {
		s.AutomountServiceAccountToken = nil
	}},
	{"the service account's token", "automountServiceAccountToken must", func(s *corev1.PodSpec) {
		s.AutomountServiceAccountToken = &yes
	}},
	{"the service account's token as a volume", "token as a volume", func(s *corev1.PodSpec) {
		s.Volumes[0].VolumeSource = corev1.VolumeSource{Projected: &corev1.ProjectedVolumeSource{
			Sources: []corev1.VolumeProjection{{ServiceAccountToken: &corev1.ServiceAccountTokenProjection{}}}}}
	}},
	{"a path of the host", "volumes must be", func(s *corev1.PodSpec) {
		s.Volumes[0].VolumeSource = corev1.VolumeSource{HostPath: &corev1.HostPathVolumeSource{Path: "/"}}
	}},
	{"a volume of a driver", "volumes must be", func(s *corev1.PodSpec) {
		s.Volumes[0].VolumeSource = corev1.VolumeSource{CSI: &corev1.CSIVolumeSource{Driver: "any"}}
	}},
	{"an ephemeral container", "ephemeral containers are", func(s *corev1.PodSpec) {
		s.EphemeralContainers = []corev1.EphemeralContainer{{}}
	}},
	{"set-id programs, by default", "allowPrivilegeEscalation false", func(s *corev1.PodSpec) {
		s.Containers[0].SecurityContext.AllowPrivilegeEscalation = nil
	}},
	{"set-id programs", "allowPrivilegeEscalation false", func(s *corev1.PodSpec) {
		s.Containers[0].SecurityContext.AllowPrivilegeEscalation = &yes
	}},
	{"a second container without a securityContext", "allowPrivilegeEscalation false", func(s *corev1.PodSpec) {
		s.Containers = append(s.Containers, corev1.Container{Name: "beside"})
	}},
	{"an init container without a securityContext", "allowPrivilegeEscalation false", func(s *corev1.PodSpec) {
		s.InitContainers = []corev1.Container{{Name: "first"}}
	}},
	{"a privileged container", "privileged containers", func(s *corev1.PodSpec) {
		s.Containers[0].SecurityContext.Privileged = &yes
	}},
	{"a privileged init container", "privileged containers", func(s *corev1.PodSpec) {
		s.InitContainers = []corev1.Container{{SecurityContext: &corev1.SecurityContext{
			AllowPrivilegeEscalation: &no, Privileged: &yes}}}
	}},
	{"a capability", "added capabilities", func(s *corev1.PodSpec) {
		s.Containers[0].SecurityContext.Capabilities.Add = []corev1.Capability{"NET_RAW"}
	}},
	{"a port of the host", "hostPort is", func(s *corev1.PodSpec) { s.Containers[0].Ports[0].HostPort = 80 }},
	{"an unmasked /proc", "procMount must be", func(s *corev1.PodSpec) {
		s.Containers[0].SecurityContext.ProcMount = &unmasked
	}},
}

// what a tenant may have
var allowed = []struct {
	what   string
	change func(*corev1.PodSpec)
}{
	{"each kind of volume that holds a tenant's own", func(s *corev1.PodSpec) {
		for _, source := range []corev1.VolumeSource{
			{EmptyDir: &corev1.EmptyDirVolumeSource{}}, {Secret: &corev1.SecretVolumeSource{}},
			{DownwardAPI: &corev1.DownwardAPIVolumeSource{}},
			{PersistentVolumeClaim: &corev1.PersistentVolumeClaimVolumeSource{}},
			{Projected: &corev1.ProjectedVolumeSource{Sources: []corev1.VolumeProjection{
				{Secret: &corev1.SecretProjection{}}}}},
		} {
			s.Volumes = append(s.Volumes, corev1.Volume{Name: "other", VolumeSource: source})
		}
	}},
	{"no volume at all", func(s *corev1.PodSpec) { s.Volumes = nil }},
	{"an init container that is confined", func(s *corev1.PodSpec) {
		s.InitContainers = []corev1.Container{{SecurityContext: &corev1.SecurityContext{
			AllowPrivilegeEscalation: &no}}}
	}},
	{"what says no to each of those explicitly", func(s *corev1.PodSpec) {
		proc := corev1.DefaultProcMount
		s.ShareProcessNamespace = &no
		s.Containers[0].SecurityContext.Privileged = &no
		s.Containers[0].SecurityContext.ProcMount = &proc
		s.Containers[0].SecurityContext.Capabilities.Add = nil
	}},
}

func shown(why string, wanted string) string {
	if strings.Contains(why, wanted) && (wanted != "" || why == "") {
		return ""
	}
	return fmt.Sprintf("answered %q, not %q", why, wanted)
}

// changed is a copy of the pod
func changed(pod *corev1.Pod, change func(*corev1.PodSpec)) *corev1.Pod {
	copied := pod.DeepCopy()
	change(&copied.Spec)
	return copied
}

func pods(rule *validating.Plugin, deployment *appsv1.Deployment) {
	pod := &corev1.Pod{ObjectMeta: deployment.Spec.Template.ObjectMeta, Spec: deployment.Spec.Template.Spec}
	pod.Name = deployment.Name
	it("admitted: "+deployment.Name+" of the example", shown(ask(rule, pod, nil, "tenants", ""), ""))
	for _, c := range allowed {
		it("admitted: "+c.what, shown(ask(rule, changed(pod, c.change), nil, "tenants", ""), ""))
	}
	for _, c := range refused {
		bad := changed(pod, c.change)
		it("admitted in a namespace without the label: "+c.what, shown(ask(rule, bad, nil, "other", ""), ""))
		it("refused: "+c.what, shown(ask(rule, bad, nil, "tenants", ""), c.why))
	}
	debugged := changed(pod, func(s *corev1.PodSpec) { s.EphemeralContainers = []corev1.EphemeralContainer{{}} })
	it("refused: an ephemeral container in a pod that runs",
		shown(ask(rule, debugged, pod, "tenants", "ephemeralcontainers"), "ephemeral containers are"))
	it("admitted: a pod that runs gets its status", shown(ask(rule, debugged, pod, "tenants", "status"), ""))
}

func main() {
	klog.SetOutput(io.Discard)
	klog.LogToStderr(false)
	files, err := filepath.Glob(os.Args[1] + "/*.yaml")
	must(err)
	objects := []runtime.Object{&corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: "other"}}}
	for _, file := range files {
		found, err := read(file)
		why := ""
		if err != nil {
			why = err.Error()
		}
		it("a current apiserver takes each object of "+filepath.Base(file), why)
		objects = append(objects, found...)
	}
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Minute)
	defer cancel()
	rule := plugin(ctx, objects)
	for _, object := range objects {
		if deployment, is := object.(*appsv1.Deployment); is && deployment.Name == "red" {
			pods(rule, deployment)
		}
	}
	fmt.Printf("1..%d\n", number)
	if failed > 0 {
		os.Exit(1)
	}
}
