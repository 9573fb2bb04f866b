using ImGateway.Edge.Certificates.Renewal;
using ImGateway.Edge.Configuration;
using ImGateway.Edge.Tests.Certificates.Issuance;
using ImGateway.Edge.Tls.SslStream;
using ImGateway.Testing;
using Microsoft.Extensions.Logging;
using static ImGateway.Edge.Tests.Certificates.CertificateWorld;

namespace ImGateway.Edge.Tests.Certificates;

/// <summary>What is planned or judged while the clock is wrong does not outlast its correction.</summary>
public sealed class WrongClockTests : IDisposable
{
    static readonly TimeSpan TwoYears = TimeSpan.FromDays(730);

    readonly CertificateWorld _world = new();
    readonly SimulatedCa _ca;

    public WrongClockTests()
    {
        _ca = _world.UseSimulatedCa();
    }

    public void Dispose() => _world.Dispose();

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Renewal_that_failed_while_the_clock_was_two_years_ahead_is_tried_again_once_it_is_right(bool restart)
    {
        _world.UseAcme();
        string serial;
        using (var before = await _world.StartAsync())
        {
            await before.RoundAsync();
            serial = before.Serial();
        }

        _world.Time.Advance(TimeSpan.FromDays(60));
        _world.Time.Error = TwoYears;
        _ca.NextFault = () => OrderFault.ServerError("the CA's certificate has expired");
        var edge = await _world.StartAsync();
        await edge.RoundAsync();
        Assert.Equal(2, _ca.Orders.Count);

        _world.Time.Error = TimeSpan.Zero;
        _ca.NextFault = () => null;
        if (restart)
        {
            edge.Dispose();
            edge = await _world.StartAsync();
        }

        _world.Time.Advance(TimeSpan.FromMinutes(2));
        await edge.RoundAsync();
        Assert.NotEqual(serial, edge.Serial());
        edge.Dispose();
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task CA_is_asked_for_its_window_again_once_the_clock_is_right(bool restart)
    {
        _world.UseAcme();
        _world.Options = _world.Options with { Certificates = _world.Options.Certificates with { MaxAge = TimeSpan.FromDays(4000) } };
        _ca.Lifetime = TimeSpan.FromDays(3650);
        _ca.RenewalInfo = _ => Task.FromResult<RenewalWindow?>(new RenewalWindow(_world.Time.TrueNow.AddDays(3000), _world.Time.TrueNow.AddDays(3001), null, TimeSpan.FromHours(6)));
        var edge = await _world.StartAsync();
        await edge.RoundAsync();
        _world.Time.Error = TwoYears;
        await edge.RoundAsync();
        var asked = _ca.RenewalInfoRequests;
        Assert.True(asked > 0);

        _world.Time.Error = TimeSpan.Zero;
        if (restart)
        {
            edge.Dispose();
            edge = await _world.StartAsync();
        }

        _world.Time.Advance(TimeSpan.FromHours(13));
        await edge.RoundAsync();
        Assert.Equal(asked + 1, _ca.RenewalInfoRequests);
        edge.Dispose();
    }

    [Fact]
    public async Task Retry_is_not_put_off_by_a_clock_that_is_put_back_a_little()
    {
        _world.UseAcme();
        _ca.NextFault = () => OrderFault.ServerError("down");
        using var edge = await _world.StartAsync();
        await edge.RoundAsync();
        _world.Time.Error = TimeSpan.FromHours(-2);
        _ca.NextFault = () => null;
        _world.Time.Advance(TimeSpan.FromMinutes(1.2));
        await edge.RoundAsync();
        Assert.NotEmpty(edge.Served);
    }

    [Fact]
    public async Task Revoked_certificate_is_replaced_though_the_clock_is_behind_its_beginning()
    {
        _world.UseAcme();
        using var edge = await _world.StartAsync();
        await edge.RoundAsync();
        var serial = edge.Serial();
        _world.Time.Error = -TwoYears;
        _world.IsRevoked = _ => true;
        using var second = new CertificateWorld.Edge(_world);
        edge.Dispose();
        await second.Manager.LoadAsync(CancellationToken.None);
        await second.RoundAsync();
        Assert.True(_ca.Orders.Count > 1, $"{serial} goes on being served although it is revoked");
    }

    [Fact]
    public async Task Stored_certificate_that_is_not_valid_yet_is_served_with_a_warning_and_nothing_is_ordered()
    {
        _world.UseAcme();
        string serial;
        using (var before = await _world.StartAsync())
        {
            await before.RoundAsync();
            serial = before.Serial();
        }

        _world.Time.Error = TimeSpan.FromDays(-30);
        using var edge = await _world.StartAsync();
        await edge.RoundAsync();
        Assert.Equal(serial, edge.Serial());
        Assert.Single(_ca.Orders);
        Assert.Contains(_world.Log.Lines, line => line.Level == LogLevel.Warning && line.Text.Contains(serial) && line.Text.Contains("not valid before"));
    }

    [Fact]
    public async Task File_that_is_not_valid_yet_is_served_with_a_warning_where_there_is_nothing_else()
    {
        using var early = _world.WriteFile(_world.Issue(TimeSpan.FromHours(-2), TimeSpan.FromDays(60)));
        using var edge = await _world.StartAsync();
        Assert.Equal((early.SerialNumber, early.SerialNumber), (edge.Serial(), edge.Serial(Chat)));
        Assert.Contains(_world.Log.Lines, line => line.Level == LogLevel.Warning && line.Text.Contains("not valid before"));
    }

    [Fact]
    public async Task Import_that_is_not_valid_yet_is_served_only_where_nothing_valid_is()
    {
        _world.UseAcme();
        using var edge = await _world.StartAsync();
        using var early = _world.Issue(TimeSpan.FromHours(-2), TimeSpan.FromDays(60));
        var result = await edge.ImportAsync(early);
        Assert.True(result.Succeeded, string.Join('\n', result.Problems));
        Assert.Contains("not valid before", Assert.Single(result.Warnings));
        Assert.Equal(early.SerialNumber, edge.Serial());

        using var valid = _world.Issue();
        Assert.True((await edge.ImportAsync(valid)).Succeeded);
        result = await edge.ImportAsync(early);
        Assert.Contains("not valid before", Assert.Single(result.Problems));
        Assert.Equal(valid.SerialNumber, edge.Serial());
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task File_that_is_not_valid_yet_takes_the_place_of_a_valid_one_within_a_minute_of_becoming_valid(bool restart)
    {
        using var valid = _world.WriteFile();
        var edge = await _world.StartAsync();
        using var early = _world.WriteFile(_world.Issue(TimeSpan.FromHours(-2), TimeSpan.FromDays(90)));
        await edge.SettleAsync();
        if (restart)
        {
            edge.Dispose();
            edge = await _world.StartAsync();
        }

        Assert.Equal(valid.SerialNumber, edge.Serial());
        Assert.Contains(_world.Log.Lines, line => line.Text.Contains("not valid before"));
        // As far as clocks may differ, a certificate counts as valid a little early.
        _world.Time.Advance(TimeSpan.FromHours(1.5));
        await edge.RoundAsync();
        Assert.Equal(valid.SerialNumber, edge.Serial());
        _world.Time.Advance(TimeSpan.FromMinutes(31));
        await edge.RoundAsync();
        Assert.Equal(early.SerialNumber, edge.Serial());
        edge.Dispose();
    }

    [Fact]
    public async Task Of_two_files_for_a_host_the_one_that_is_valid_is_served_until_the_newer_is_valid_too()
    {
        using var valid = _world.Issue();
        using var early = _world.Issue(TimeSpan.FromHours(-2), TimeSpan.FromDays(90));
        _world.Options = _world.Options with { Certificates = new() { Source = CertificateSource.Files, Files = [valid.WriteTo(_world["one"]), early.WriteTo(_world["two"])] } };
        using var edge = await _world.StartAsync();
        Assert.Equal(valid.SerialNumber, edge.Serial());
        _world.Time.Advance(TimeSpan.FromMinutes(121));
        await edge.RoundAsync();
        Assert.Equal(early.SerialNumber, edge.Serial());
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task File_that_did_not_prove_itself_is_tried_again_each_minute_and_named_once(bool atStart)
    {
        using var first = _world.WriteFile();
        var edge = await _world.StartAsync();
        if (atStart) edge.Dispose();
        _world.HandshakeFailure = _ => "the engine is busy";
        using var second = _world.WriteFile();
        if (atStart) edge = await _world.StartAsync();
        await edge.SettleAsync();
        for (var minute = 0; minute < 3; minute++)
        {
            _world.Time.Advance(TimeSpan.FromMinutes(1));
            await edge.RoundAsync();
        }

        Assert.Equal(first.SerialNumber, edge.Serial());
        Assert.Single(_world.Log.Lines, line => line.Text.Contains("the engine is busy") && !line.Text.Contains("is served, but a handshake failed"));
        _world.HandshakeFailure = _ => null;
        _world.Time.Advance(TimeSpan.FromMinutes(1));
        await edge.RoundAsync();
        Assert.Equal(second.SerialNumber, edge.Serial());
        edge.Dispose();
    }

    [Fact]
    public async Task File_whose_root_the_machine_did_not_know_is_tried_again_each_minute()
    {
        using var first = _world.WriteFile();
        using var edge = await _world.StartAsync();
        using var root = TestCa.Create($"Late Root {Guid.NewGuid():N}");
        using var second = root.Issue("gateway.example.com", "chat.example.com");
        var file = _world.Options.Certificates.Files[0];
        await File.WriteAllTextAsync(file.Key!, second.KeyPem);
        await File.WriteAllTextAsync(file.Certificate, second.LeafPem);
        await edge.SettleAsync();
        Assert.Equal(first.SerialNumber, edge.Serial());
        Assert.Contains(_world.Log.Lines, line => line.Text.Contains("is missing, so clients could not verify it"));

        using var trusted = new TrustedRoot(root.Certificate);
        _world.Time.Advance(TimeSpan.FromMinutes(1));
        await edge.RoundAsync();
        Assert.Equal(second.SerialNumber, edge.Serial());
    }

    [Fact]
    public async Task File_that_the_disk_did_not_take_while_the_clock_was_ahead_is_tried_again_in_time()
    {
        using var first = _world.WriteFile();
        using var edge = await _world.StartAsync();
        _world.Time.Error = TimeSpan.FromDays(20);
        var folder = _world.Data("certificates", Gateway.CertificateName);
        Directory.Move(folder, folder + ".away");
        await File.WriteAllTextAsync(folder, "in the way");
        using var second = _world.WriteFile();
        await edge.SettleAsync();
        Assert.Equal(first.SerialNumber, edge.Serial());
        Assert.Contains(_world.Log.Lines, line => line.Text.Contains("cannot be saved"));

        File.Delete(folder);
        Directory.Move(folder + ".away", folder);
        _world.Time.Error = TimeSpan.Zero;
        _world.Time.Advance(TimeSpan.FromMinutes(11));
        await edge.RoundAsync();
        Assert.Equal(second.SerialNumber, edge.Serial());
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Self_signed_certificate_of_a_clock_that_was_ahead_is_issued_anew(bool restart)
    {
        _world.UseSelfSigned();
        _world.Time.Error = TwoYears;
        var edge = await _world.StartAsync();
        await edge.RoundAsync();
        _world.Time.Error = TimeSpan.Zero;
        if (restart)
        {
            edge.Dispose();
            edge = await _world.StartAsync();
        }

        _world.Time.Advance(TimeSpan.FromMinutes(10));
        await edge.RoundAsync();
        Assert.InRange(edge.Served[Gateway].NotBefore, _world.Time.TrueNow.AddHours(-1), _world.Time.TrueNow);
        edge.Dispose();
    }

    [Fact]
    public async Task Ticket_keys_are_new_each_day_whatever_becomes_of_the_clock()
    {
        _world.Time.Error = TwoYears;
        using var file = _world.WriteFile(_world.Issue(TimeSpan.FromDays(800), TimeSpan.FromDays(800)));
        using var edge = await _world.StartAsync();
        _world.Time.Error = TimeSpan.Zero;
        await RunAsync(edge, TimeSpan.FromHours(24));
        var sealedWith = SealedWith();

        await RunAsync(edge, TimeSpan.FromHours(12));
        _world.Time.Error = TimeSpan.FromHours(-10);
        await RunAsync(edge, TimeSpan.FromHours(11));
        Assert.Same(sealedWith, SealedWith());
        await RunAsync(edge, TimeSpan.FromHours(1));
        Assert.NotSame(sealedWith, SealedWith());

        sealedWith = SealedWith();
        _world.Time.Suspend(TimeSpan.FromHours(24));
        await edge.RoundAsync();
        Assert.NotSame(sealedWith, SealedWith());

        // Ticket keys belong to an OpenSSL context, and that to the options.
        object SealedWith() => Assert.IsType<SslStreamContext>(edge.Selector.ContextOf(Gateway)).Options;
    }

    [Fact]
    public async Task Expiry_is_warned_of_though_a_clock_that_was_ahead_has_warned_of_it_before()
    {
        using var file = _world.WriteFile(_world.Issue(TimeSpan.FromDays(50), TimeSpan.FromDays(3)));
        using var edge = await _world.StartAsync();
        _world.Time.Error = TwoYears;
        await edge.RoundAsync();
        Assert.Equal(2, _world.Log.Lines.Count(line => line.Text.Contains("the certificate served expired")));
        _world.Time.Error = TimeSpan.Zero;
        await RunAsync(edge, TimeSpan.FromDays(4));
        Assert.True(_world.Log.Lines.Count(line => line.Text.Contains("the certificate served expired")) > 2);
    }

    /// <summary>The loop goes on for a while.</summary>
    async Task RunAsync(CertificateWorld.Edge edge, TimeSpan duration)
    {
        var step = TimeSpan.FromMinutes(30);
        for (var passed = TimeSpan.Zero; passed < duration; passed += step)
        {
            _world.Time.Advance(step);
            await edge.RoundAsync();
        }
    }
}
