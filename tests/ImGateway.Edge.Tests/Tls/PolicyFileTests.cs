using ImGateway.Testing;

namespace ImGateway.Edge.Tests.Tls;

/// <summary>A copy of the program whose policy file was tampered with must not serve.</summary>
public sealed class PolicyFileTests(TlsFixture tls)
{
    const string Newer = "tls-policy-3.5.cnf";

    static string OfThisMachine => Path.GetFileName(TestProcess.Policy.Source);

    static readonly IReadOnlyList<(string From, string To)> Changes =
    [
        ("CipherString = ", "CipherString = AES128-SHA:ECDHE+AES:"),
        ("CipherString = ", "CipherString = DES-CBC3-SHA:ALL:@SECLEVEL=0:"),
        ("Ciphersuites = ", "Ciphersuites = TLS_AES_128_CCM_SHA256:"),
        // One unknown name in it voids the whole policy without a word.
        ("Groups = ", "Groups = nonsense:"),
        ("Groups = ", "Groups = X448:"),
        ("Groups = ", "Groups = ffdhe2048:"),
        ("Groups = ", "# Groups = "),
        ("Groups = ", "Groups = X25519\n# Groups = "),
        ("openssl_conf = imgw", "openssl_conf = other"),
    ];

    public static TheoryData<TestedEngine, string, string> Tamperings =>
        [.. from engine in Engines.Product from change in Changes select Engines.Row(engine, change.From, change.To)];

    public static TheoryData<string, string, string> TamperingsOnNewOpenSsl =>
    [
        ("Groups = ", "Groups = nonsense:", "not in force"),
        ("Groups = ", "Groups = X448:", "accepts the key exchange X448"),
        ("Groups = ", "Groups = ffdhe2048:", "accepts the key exchange ffdhe2048"),
        ("Groups = ", "# Groups = ", "accepts the key exchange"),
        ("Groups = ", "Groups = X25519:P-256:P-384:P-521\n# Groups = ", "refuses the key exchange X25519MLKEM768"),
        // In a flat list the share that the client sent decides.
        ("Groups = ", "Groups = X25519MLKEM768:X25519:P-256:P-384:P-521\n# Groups = ", "accepts the key exchange X25519 of a client that has X25519MLKEM768"),
    ];

    [Theory, MemberData(nameof(Tamperings))]
    public async Task A_changed_policy_file_is_refused(TestedEngine engine, string from, string to)
    {
        using var copy = ProgramCopy.Create();
        Change(copy[OfThisMachine], from, to);

        var error = await RefusalAsync(engine, copy);

        Assert.Contains($"{OfThisMachine}: ", error, StringComparison.Ordinal);
        Assert.DoesNotContain("   at ", error, StringComparison.Ordinal);
    }

    [Theory, MemberData(nameof(TamperingsOnNewOpenSsl))]
    public async Task A_changed_policy_file_is_refused_on_OpenSSL_3_5(string from, string to, string reason)
    {
        using var copy = ProgramCopy.CreateOnNewOpenSsl();
        Change(copy[Newer], from, to);

        var error = await RefusalAsync(TestedEngines.Default, copy);

        Assert.Contains($"{Newer}: not in force", error, StringComparison.Ordinal);
        Assert.Contains(reason, error, StringComparison.Ordinal);
        Assert.DoesNotContain("   at ", error, StringComparison.Ordinal);
    }

    [Theory, MemberData(nameof(Engines.OfProduct), MemberType = typeof(Engines))]
    public async Task A_missing_policy_file_is_refused(TestedEngine engine)
    {
        using var copy = ProgramCopy.Create();
        File.Delete(copy[OfThisMachine]);

        Assert.Contains($"{OfThisMachine}: missing", await RefusalAsync(engine, copy), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("Groups = ", "# Groups = ")]
    [InlineData("Groups = ", "Groups = X448\n# Groups = ")]
    [InlineData("openssl_conf = imgw", "openssl_conf = other")]
    [InlineData("openssl_conf = imgw", null)]
    public async Task Validate_names_the_policy_file_and_blames_no_certificate_for_it(string from, string? to)
    {
        using var directory = new TemporaryDirectory();
        using var copy = ProgramCopy.Create();
        if (to is null) File.Delete(copy[OfThisMachine]);
        else Change(copy[OfThisMachine], from, to);

        var result = await copy.RunAsync("validate", "--config", tls.Setup(TestedEngines.Default).WriteTo(directory.Path));

        Assert.Equal(1, result.ExitCode);
        var lines = result.Error.Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.All(lines, line => Assert.StartsWith($"{copy[OfThisMachine]}: ", line, StringComparison.Ordinal));
        Assert.Equal(lines.Distinct(), lines);
        Assert.NotEmpty(lines);
    }

    [Fact]
    public async Task OpenSSL_3_5_reads_a_file_of_its_own()
    {
        using var copy = ProgramCopy.CreateOnNewOpenSsl();
        File.Delete(copy[Newer]);

        Assert.Contains($"{Newer}: missing", await RefusalAsync(TestedEngines.Default, copy), StringComparison.Ordinal);
    }

    [Theory, MemberData(nameof(Engines.OfProduct), MemberType = typeof(Engines))]
    public async Task An_untouched_copy_serves(TestedEngine engine)
    {
        using var copy = ProgramCopy.Create();

        await using var edge = await EdgeProcess.StartAsync(tls.Setup(engine) with { Program = copy.Program });

        Assert.Equal(RawHello.Tls13, (await RawHello.ForTls13(TlsFixture.Gateway).SendAsync(edge.Https)).Version);
    }

    [Fact]
    public void The_two_files_differ_in_their_groups_alone()
    {
        static string[] Rest(string file) =>
            [.. File.ReadLines(Path.Combine(AppContext.BaseDirectory, file)).Where(line => !line.StartsWith('#') && !line.StartsWith("Groups = ", StringComparison.Ordinal))];

        Assert.Equal(Rest("tls-policy.cnf"), Rest(Newer));
    }

    async Task<string> RefusalAsync(TestedEngine engine, ProgramCopy copy)
    {
        var (exitCode, output, error) = await EdgeProcess.RunUntilExitAsync(tls.Setup(engine) with { Program = copy.Program });

        Assert.True(exitCode == 1, $"exit code {exitCode}\n{error}\n{output}");
        return error;
    }

    static void Change(string policy, string from, string to)
    {
        var text = File.ReadAllText(policy);
        Assert.Contains(from, text, StringComparison.Ordinal);
        File.WriteAllText(policy, text.Replace(from, to));
    }
}
