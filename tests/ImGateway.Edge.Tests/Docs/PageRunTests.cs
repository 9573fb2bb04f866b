using System.Text.RegularExpressions;
using ImGateway.Testing;

namespace ImGateway.Edge.Tests.Docs;

/// <summary>
/// The blocks that a page marks as run, in their order, by bash against an edge that serves gateway.example.com; what a text block behind
/// one promises has to be in its output. Programs get another address in place of the example's, and the CA; nothing else is changed.
/// </summary>
public sealed class PageRunTests
{
    static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    public static TheoryData<string> Pages => [.. Documents.All.Where(page => Fence.In(page).Any(fence => fence.IsRun))];

    [Theory, MemberData(nameof(Pages))]
    public async Task Commands_do_what_the_page_says(string page)
    {
        await using var upstream = await EchoUpstream.StartAsync();
        using var ca = TestCa.Create("Example Corporate CA");
        using var certificate = ca.Issue("gateway.example.com", "localhost");
        using var next = ca.Issue("gateway.example.com", "localhost");
        using var files = new TemporaryDirectory();
        await using var edge = await EdgeProcess.StartAsync(new EdgeSetup
        {
            Hosts = ["gateway.example.com", "localhost"], Upstream = upstream.Address, Files = [certificate.WriteTo(files.Path)],
        });
        certificate.WriteTo(edge.Directory);
        next.WriteTo(edge.Directory, "new");
        File.WriteAllText(Path.Combine(edge.Directory, "corporate-ca.crt"), ca.Pem);
        File.WriteAllText(Path.Combine(edge.Directory, ".programs"), Programs(edge, upstream));

        foreach (var fence in Fence.In(page).Where(fence => fence.IsRun))
        {
            File.WriteAllText(Path.Combine(edge.Directory, ".log"), edge.Log.ToString());
            var block = Path.Combine(edge.Directory, ".block");
            File.WriteAllText(block, fence.Text);
            var said = await ExternalTool.RunAsync(
                "bash", ["-c", "cd \"$1\" && . ./.programs && set -e && . ./.block", "bash", edge.Directory], timeout: Patience);

            Assert.True(said.ExitCode == 0, $"{fence}: ended with {said.ExitCode}:\n{fence.Text}\n{said.All}");
            Missing(fence.Expected, said.All, fence);
        }
    }

    /// <summary>Each line expected stands in what was said, in that order; … is any text, and blanks are one blank.</summary>
    static void Missing(string? expected, string said, Fence fence)
    {
        var from = 0;
        foreach (var line in (expected ?? "").Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries))
        {
            var pattern = string.Join(@"\s+", line.Split(' ', StringSplitOptions.RemoveEmptyEntries).Select(Regex.Escape)).Replace("…", ".*", StringComparison.Ordinal);
            var found = new Regex(pattern, RegexOptions.None, TimeSpan.FromSeconds(5)).Match(said, from);
            Assert.True(found.Success, $"{fence}: '{line}' is not in what was said:\n{said}");
            from = found.Index + found.Length;
        }
    }

    static string Programs(EdgeProcess edge, EchoUpstream upstream)
    {
        var imgw = EdgeProcess.Program.EndsWith(".dll", StringComparison.Ordinal) ? $"dotnet '{EdgeProcess.Program}'" : $"'{EdgeProcess.Program}'";
        return
            $$"""
            export DATA=$PWD/data NODE_OPTIONS=--dns-result-order=ipv4first
            imgw() { {{imgw}} "$@"; }
            openssl() {
              local arguments=() argument
              for argument; do
                case $argument in
                  gateway.example.com:443) arguments+=(127.0.0.1:{{edge.HttpsPort}} -servername gateway.example.com -CAfile corporate-ca.crt) ;;
                  *) arguments+=("$argument") ;;
                esac
              done
              command openssl "${arguments[@]}"
            }
            curl() {
              command curl --cacert corporate-ca.crt --max-time 20 \
                --connect-to gateway.example.com:443:127.0.0.1:{{edge.HttpsPort}} --connect-to gateway.example.com:80:127.0.0.1:{{edge.HttpPort}} \
                --connect-to 127.0.0.1:9180:127.0.0.1:{{edge.ManagementPort}} --connect-to im-gateway-service:8080:127.0.0.1:{{upstream.Address.Port}} "$@"
            }
            nmap() {
              local arguments=() argument
              for argument; do
                case $argument in
                  443) arguments+=({{edge.HttpsPort}}) ;;
                  gateway.example.com) arguments+=(127.0.0.1 --script-args tls.servername=gateway.example.com) ;;
                  *) arguments+=("$argument") ;;
                esac
              done
              command nmap "${arguments[@]}"
            }
            wscat() {
              [ -p .silence ] || mkfifo .silence # it hangs up where its input ends
              command '{{ExternalTool.WsCat}}' --ca corporate-ca.crt --no-color -w 1 "${@//gateway.example.com/localhost:{{edge.HttpsPort}}}" <>.silence
            }
            docker() {
              case "$*" in
                "compose logs --no-log-prefix edge") cat .log ;;
                "compose exec edge "*) "${@:4}" ;;
                *) echo "docker $*: not for a block that is run" >&2; return 1 ;;
              esac
            }

            """;
    }
}
