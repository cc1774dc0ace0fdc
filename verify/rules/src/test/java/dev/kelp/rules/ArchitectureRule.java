// SPDX-License-Identifier: Apache-2.0
package dev.kelp.rules;

import static com.tngtech.archunit.base.DescribedPredicate.describe;
import static com.tngtech.archunit.base.DescribedPredicate.not;
import static com.tngtech.archunit.core.domain.JavaAccess.Predicates.target;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.assignableTo;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.belongToAnyOf;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAPackage;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.Architectures.layeredArchitecture;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;

import com.tngtech.archunit.base.DescribedPredicate;
import com.tngtech.archunit.core.domain.AccessTarget;
import com.tngtech.archunit.core.domain.AccessTarget.CodeUnitAccessTarget;
import com.tngtech.archunit.core.domain.JavaAccess;
import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.lang.ArchRule;
import com.tngtech.archunit.library.dependencies.SliceAssignment;
import com.tngtech.archunit.library.dependencies.SliceIdentifier;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;

/// Who may see and call whom; each constant is a line of the rules in `ARCHITECTURE.md`. Maven and the module
/// declarations say much of this too: here it still holds when somebody adds a dependency to a pom.
enum ArchitectureRule {
    ARROWS_POINT_DOWN(layeredArchitecture()
            .consideringOnlyDependenciesInAnyPackage("dev.kelp..")
            .layer("cmd")
            .definedBy(
                    "dev.kelp.cli..", "dev.kelp.daemon..", "dev.kelp.launcher..", "dev.kelp.dist..", "dev.kelp.setup..")
            .optionalLayer("protocol")
            .definedBy(
                    "dev.kelp.protocol..",
                    "dev.kelp.transport..",
                    "dev.kelp.docker..",
                    "dev.kelp.containerd..",
                    "dev.kelp.cri..")
            .layer("engine")
            .definedBy("dev.kelp.engine..")
            .layer("core")
            .definedBy(
                    "dev.kelp.content..",
                    "dev.kelp.snapshot..",
                    "dev.kelp.registry..",
                    "dev.kelp.runtime..",
                    "dev.kelp.network..")
            .layer("rootless")
            .definedBy("dev.kelp.rootless..")
            .layer("linux")
            .definedBy("dev.kelp.linux..")
            .layer("model")
            .definedBy("dev.kelp.model..")
            .whereLayer("cmd")
            .mayNotBeAccessedByAnyLayer()
            .whereLayer("protocol")
            .mayOnlyBeAccessedByLayers("cmd")
            .whereLayer("engine")
            .mayOnlyBeAccessedByLayers("cmd", "protocol")
            .whereLayer("core")
            .mayOnlyBeAccessedByLayers("cmd", "protocol", "engine")
            .whereLayer("rootless")
            .mayOnlyBeAccessedByLayers("cmd", "protocol", "engine", "core")
            .whereLayer("linux")
            .mayOnlyBeAccessedByLayers("cmd", "protocol", "engine", "core", "rootless")
            .ensureAllClassesAreContainedInArchitecture()),

    CORE_SIBLINGS_DO_NOT_SEE_EACH_OTHER(slices().matching("dev.kelp.(content|snapshot|registry|runtime|network)..")
            .should()
            .notDependOnEachOther()
            .because("`engine.local` composes them")),

    THE_ENGINE_CONTRACT_KNOWS_NO_IMPLEMENTATION(noClasses()
            .that()
            .resideInAPackage("dev.kelp.engine")
            .should()
            .dependOnClassesThat()
            .resideInAnyPackage(
                    "dev.kelp.engine.local..",
                    "dev.kelp.content..",
                    "dev.kelp.snapshot..",
                    "dev.kelp.registry..",
                    "dev.kelp.runtime..",
                    "dev.kelp.network..",
                    "dev.kelp.rootless..")),

    FRONT_ENDS_SEE_THE_CONTRACT_ONLY(noClasses()
            .that()
            .resideInAnyPackage(
                    "dev.kelp.cli..",
                    "dev.kelp.protocol..",
                    "dev.kelp.transport..",
                    "dev.kelp.docker..",
                    "dev.kelp.containerd..",
                    "dev.kelp.cri..")
            .should()
            .dependOnClassesThat(resideInAPackage("dev.kelp.engine.*..")
                    .or(resideInAPackage("dev.kelp.(content|snapshot|registry|runtime|network|rootless)..")))
            .because("only the daemon names implementations")),

    PACKAGES_HAVE_NO_CYCLES(slices().assignedFrom(new Packages()).should().beFreeOfCycles()),

    ONLY_LINUX_CALLS_NATIVE_CODE(noClasses()
            .that()
            .resideOutsideOfPackage("dev.kelp.linux..")
            .should()
            .dependOnClassesThat()
            .haveNameMatching("java\\.lang\\.foreign\\.(Linker|SymbolLookup|FunctionDescriptor)(\\$.*)?")
            .orShould()
            .accessTargetWhere(target(method("java.lang.System", "load", "loadLibrary")))
            .because("a call of the kernel is typed and tested once, in base/linux")),

    NATIVE_MEMORY_IS_RARE(noClasses()
            .that()
            .resideOutsideOfPackage("dev.kelp.linux..")
            .and(not(partOf("dev.kelp.daemon.ClientStreams", "dev.kelp.runtime.Watcher")))
            .should()
            .dependOnClassesThat()
            .resideInAPackage("java.lang.foreign..")
            .because("outside base/linux only the pumps of streams keep buffers the kernel fills")),

    PROCESSES_START_IN_THE_HOLDER(noClasses()
            .that()
            .resideOutsideOfPackages("dev.kelp.dist..", "dev.kelp.setup..")
            .should()
            .dependOnClassesThat(belongToAnyOf(ProcessBuilder.class))
            .orShould()
            .accessTargetWhere(target(method("java.lang.Runtime", "exec")))
            .because("the JVM leaks descriptors into children and dies before them: use `Spawner`")),

    ONLY_ROOTLESS_RUNTIME_AND_NETWORK_SPAWN(noClasses()
            .that()
            .resideOutsideOfPackages("dev.kelp.rootless..", "dev.kelp.runtime..", "dev.kelp.network..")
            .should()
            .accessTargetWhere(target(describe(
                    "spawn",
                    t -> t.getName().equals("spawn")
                            && assignableTo("dev.kelp.rootless.Spawner").test(t.getOwner()))))),

    THE_PROCESS_IS_NOT_THE_USER(noClasses()
            .that(not(
                    partOf("dev.kelp.daemon.DaemonMain", "dev.kelp.launcher.LauncherMain", "dev.kelp.setup.SetupMain")))
            .and()
            .resideOutsideOfPackage("dev.kelp.dist..")
            .should()
            .accessTargetWhere(target(method("java.lang.System", "getenv", "console")))
            .orShould()
            .accessTargetWhere(target(method("java.nio.file.Path", "toAbsolutePath")))
            .orShould()
            .callConstructorWhere(target(method("java.io.File", "<init>")))
            .orShould()
            .accessTargetWhere(target(method("java.lang.System", "out", "err", "in")))
            .orShould()
            .accessTargetWhere(target(describe("print a stack", ArchitectureRule::printsStack)))
            .because("in the namespace they are root's: use what the client sent")),

    ONLY_THE_ENTRY_ENDS_THE_PROCESS(noClasses()
            .that(not(
                    partOf("dev.kelp.daemon.DaemonMain", "dev.kelp.launcher.LauncherMain", "dev.kelp.setup.SetupMain")))
            .and()
            .resideOutsideOfPackage("dev.kelp.dist..")
            .should()
            .accessTargetWhere(target(method("java.lang.System", "exit")))
            .orShould()
            .accessTargetWhere(target(method("java.lang.Runtime", "exit", "halt")))
            .because("one command must not end the daemon of all others")),

    NO_VIRTUAL_THREADS_BELOW_THE_ENGINE(noClasses()
            .that()
            .resideInAnyPackage(
                    "dev.kelp.model..",
                    "dev.kelp.linux..",
                    "dev.kelp.rootless..",
                    "dev.kelp.content..",
                    "dev.kelp.snapshot..",
                    "dev.kelp.registry..",
                    "dev.kelp.runtime..",
                    "dev.kelp.network..")
            .should()
            .accessTargetWhere(target(method("java.lang.Thread", "ofVirtual", "startVirtualThread")))
            .orShould()
            .accessTargetWhere(target(method("java.util.concurrent.Executors", "newVirtualThreadPerTaskExecutor")))
            .because("a blocked kernel call pins the carrier, a change of namespaces moves it")),

    EXCEPTIONS_SAY_WHAT_KIND(noClasses()
            .should()
            .accessTargetWhere(describe("a bare exception is made", ArchitectureRule::makesBareException))
            .because("`KelpException` has a kind, and a bug is an `IllegalStateException`"));

    private static final Set<String> BARE =
            Set.of("java.lang.RuntimeException", "java.lang.Exception", "java.lang.Error", "java.lang.Throwable");

    private final ArchRule rule;

    ArchitectureRule(ArchRule rule) {
        this.rule = rule;
    }

    ArchRule rule() {
        return rule;
    }

    /// These top-level classes and what is nested in them.
    private static DescribedPredicate<JavaClass> partOf(String... names) {
        return describe(
                "part of " + List.of(names),
                c -> Stream.of(names)
                        .anyMatch(n -> c.getName().equals(n) || c.getName().startsWith(n + "$")));
    }

    private static DescribedPredicate<AccessTarget> method(String owner, String... names) {
        Set<String> all = Set.of(names);
        return describe(
                owner + " " + all,
                t -> all.contains(t.getName()) && t.getOwner().getName().equals(owner));
    }

    /// To standard error, that is; to a client's stream is fine.
    private static boolean printsStack(AccessTarget target) {
        return target.getName().equals("printStackTrace")
                && target instanceof CodeUnitAccessTarget method
                && method.getRawParameterTypes().isEmpty();
    }

    /// A constructor of a bare class, other than by a constructor of its subclass.
    private static boolean makesBareException(JavaAccess<?> access) {
        String owner = access.getTargetOwner().getName();
        boolean subclass = access.getOriginOwner().isAssignableTo(owner);
        return BARE.contains(owner) && access.getTarget().getName().equals("<init>") && !subclass;
    }

    /// Every package by itself, whatever its depth: the root of a module takes part in its cycles.
    private static final class Packages implements SliceAssignment {
        @Override
        public SliceIdentifier getIdentifierOf(JavaClass type) {
            return SliceIdentifier.of(type.getPackageName());
        }

        @Override
        public String getDescription() {
            return "packages";
        }
    }
}
