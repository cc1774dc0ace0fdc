// SPDX-License-Identifier: Apache-2.0
package dev.kelp.rules;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;

import com.tngtech.archunit.base.DescribedPredicate;
import com.tngtech.archunit.core.domain.JavaAccess;
import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.importer.ImportOption;
import com.tngtech.archunit.junit.AnalyzeClasses;
import com.tngtech.archunit.junit.ArchTest;
import com.tngtech.archunit.lang.ArchRule;
import java.util.Set;

/// The rules of `ARCHITECTURE.md` about who may see whom, over the compiled classes of everything that ships.
@AnalyzeClasses(packages = "dev.kelp", importOptions = ImportOption.DoNotIncludeTests.class)
class LayeringTest {
    private static final String MODEL = "dev.kelp.model..";
    private static final String LINUX = "dev.kelp.linux..";
    private static final String ROOTLESS = "dev.kelp.rootless..";
    private static final String[] BASE = {MODEL, LINUX, ROOTLESS};
    private static final String[] CORE = {
        "dev.kelp.content..", "dev.kelp.snapshot..", "dev.kelp.registry..", "dev.kelp.runtime..", "dev.kelp.network.."
    };
    private static final String ENGINE = "dev.kelp.engine..";
    private static final String[] ENGINE_INSIDE = {"dev.kelp.engine.local..", "dev.kelp.engine.builder.."};
    private static final String[] PROTOCOL = {
        "dev.kelp.transport..", "dev.kelp.docker..", "dev.kelp.containerd..", "dev.kelp.cri.."
    };
    private static final String[] COMMAND = {"dev.kelp.cli..", "dev.kelp.daemon..", "dev.kelp.setup.."};

    /// Outside base/linux, memory segments are passed as buffers by these only; they call nothing native.
    private static final Set<String> HANDLES_BUFFERS =
            Set.of("dev.kelp.daemon.ClientStreams", "dev.kelp.runtime.Watcher");

    /// The processes' entry points: there the environment becomes parameters.
    private static final DescribedPredicate<JavaClass> ENTRY = new DescribedPredicate<>("entry points") {
        @Override
        public boolean test(JavaClass type) {
            return type.getPackageName().startsWith("dev.kelp.daemon")
                    || type.getPackageName().startsWith("dev.kelp.setup");
        }
    };

    private static final DescribedPredicate<JavaClass> BUFFERS = new DescribedPredicate<>("those that handle buffers") {
        @Override
        public boolean test(JavaClass type) {
            return HANDLES_BUFFERS.contains(outermost(type).getName());
        }
    };

    @ArchTest
    static final ArchRule arrowsPointDownFromBase = noClasses()
            .that()
            .resideInAnyPackage(BASE)
            .should()
            .dependOnClassesThat()
            .resideInAnyPackage(all(CORE, new String[] {ENGINE}, PROTOCOL, COMMAND));

    @ArchTest
    static final ArchRule arrowsPointDownFromCore = noClasses()
            .that()
            .resideInAnyPackage(CORE)
            .should()
            .dependOnClassesThat()
            .resideInAnyPackage(all(new String[] {ENGINE}, PROTOCOL, COMMAND));

    @ArchTest
    static final ArchRule arrowsPointDownFromEngine = noClasses()
            .that()
            .resideInAPackage(ENGINE)
            .should()
            .dependOnClassesThat()
            .resideInAnyPackage(all(PROTOCOL, COMMAND));

    @ArchTest
    static final ArchRule arrowsPointDownFromProtocol = noClasses()
            .that()
            .resideInAnyPackage(PROTOCOL)
            .should()
            .dependOnClassesThat()
            .resideInAnyPackage(COMMAND)
            .allowEmptyShould(true);

    @ArchTest
    static final ArchRule modelSeesNothingOfTheKernel = noClasses()
            .that()
            .resideInAPackage(MODEL)
            .should()
            .dependOnClassesThat()
            .resideInAnyPackage(LINUX, ROOTLESS);

    @ArchTest
    static final ArchRule linuxDoesNotSeeRootless = noClasses()
            .that()
            .resideInAPackage(LINUX)
            .should()
            .dependOnClassesThat()
            .resideInAPackage(ROOTLESS);

    @ArchTest
    static final ArchRule siblingsInCoreDoNotSeeEachOther = slices().matching(
                    "dev.kelp.(content|snapshot|registry|runtime|network)..")
            .should()
            .notDependOnEachOther();

    @ArchTest
    static final ArchRule theApiDoesNotKnowItsImplementation = noClasses()
            .that()
            .resideInAPackage("dev.kelp.engine")
            .should()
            .dependOnClassesThat()
            .resideInAnyPackage(all(ENGINE_INSIDE, CORE, new String[] {ROOTLESS}));

    @ArchTest
    static final ArchRule commandsAndProtocolsSeeOnlyTheApi = noClasses()
            .that()
            .resideInAnyPackage(all(PROTOCOL, new String[] {"dev.kelp.cli.."}))
            .should()
            .dependOnClassesThat()
            .resideInAnyPackage(all(ENGINE_INSIDE, CORE, new String[] {ROOTLESS}));

    @ArchTest
    static final ArchRule onlyLinuxCallsNativeCode = noClasses()
            .that()
            .resideOutsideOfPackage(LINUX)
            .and(DescribedPredicate.not(BUFFERS))
            .should()
            .dependOnClassesThat()
            .resideInAPackage("java.lang.foreign..");

    @ArchTest
    static final ArchRule buffersAreAllThatLeavesLinux = noClasses()
            .that()
            .resideOutsideOfPackage(LINUX)
            .should()
            .dependOnClassesThat()
            .haveFullyQualifiedName("java.lang.foreign.Linker");

    @ArchTest
    static final ArchRule onlyRootlessAndRuntimeStartProcesses = noClasses()
            .that()
            .resideOutsideOfPackages(ROOTLESS, "dev.kelp.runtime..")
            .should()
            .dependOnClassesThat()
            .haveFullyQualifiedName("java.lang.ProcessBuilder")
            .orShould()
            .callMethodWhere(new DescribedPredicate<JavaAccess<?>>("Runtime.exec") {
                @Override
                public boolean test(JavaAccess<?> access) {
                    return access.getTargetOwner().isEquivalentTo(Runtime.class)
                            && access.getName().equals("exec");
                }
            });

    @ArchTest
    static final ArchRule theEnvironmentIsReadAtTheEntry = noClasses()
            .that(DescribedPredicate.not(ENTRY))
            .should()
            .callMethodWhere(new DescribedPredicate<JavaAccess<?>>("System.getenv") {
                @Override
                public boolean test(JavaAccess<?> access) {
                    return access.getTargetOwner().isEquivalentTo(System.class)
                            && access.getName().equals("getenv");
                }
            });

    @ArchTest
    static final ArchRule nobodyUsesTheDaemonsOwnStreams = noClasses()
            .that(DescribedPredicate.not(ENTRY))
            .should()
            .accessFieldWhere(new DescribedPredicate<JavaAccess<?>>("System.in, out or err") {
                @Override
                public boolean test(JavaAccess<?> access) {
                    return access.getTargetOwner().isEquivalentTo(System.class)
                            && Set.of("in", "out", "err").contains(access.getName());
                }
            });

    @ArchTest
    static final ArchRule noPackageCycles =
            slices().matching("dev.kelp.(**)").should().beFreeOfCycles();

    private static String[] all(String[]... groups) {
        return java.util.Arrays.stream(groups).flatMap(java.util.Arrays::stream).toArray(String[]::new);
    }

    private static JavaClass outermost(JavaClass type) {
        return type.getEnclosingClass().map(LayeringTest::outermost).orElse(type);
    }
}
